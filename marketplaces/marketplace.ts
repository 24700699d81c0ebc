/**
 * What a marketplace is. A new marketplace is one file that exports a `Marketplace` and one line in `index.ts`:
 * everything else (its stage, its schedules, its settings, its documentation) follows from the value.
 */

/** Modules that a marketplace may switch on. The others (platform, identity, notify, booking) are always there. */
export type Module = 'parking' | 'services' | 'sessions' | 'homes';

/** Who makes a transition of a booking: the party who booked, the party who is booked, staff, or the clock. */
export type Party = 'customer' | 'provider' | 'staff' | 'system';

/** One allowed step of a booking: who may take it, from which status to which. */
export type Transition = { from: string; to: string; by: readonly Party[] };

/**
 * The states of one kind of booking. A booking keeps the flow it was made under, whatever the file says later.
 * `on_request` is where a booking starts that the provider must accept, `instant` where one starts that needs no
 * answer; `live` are the statuses that occupy the resource.
 */
export type Flow = {
  instant: string;
  on_request: string | null;
  live: readonly string[];
  cancelled: string;
  transitions: readonly Transition[];
};

/** A value that the business changes while the system runs. The file gives its first value and its type. */
export type Setting = {
  type: 'string' | 'number' | 'boolean' | 'json';
  value: unknown;
  description: string;
  /** Readable by anybody, signed in or not. */
  is_public: boolean;
};

export type Marketplace = {
  /** Names the stage, the token's audience and the tenant in every row: lower-case letters, digits and dashes. */
  slug: string;
  name: string;
  tagline: string;
  /** ISO 3166-1 alpha-2: phone numbers without a country code are read as numbers of this country. */
  country: string;
  /** ISO 4217, and how many decimal digits its minor unit has. */
  currency: string;
  currency_digits: number;
  /** IANA zone of the business: schedules, years of booking numbers, days of a report. */
  time_zone: string;
  /** BCP 47 tag of what people read when they chose nothing. */
  language: string;
  modules: readonly Module[];
  roles: {
    /** Roles that a person takes at sign-up. */
    open: readonly string[];
    /** Roles that only staff grant. */
    staff: readonly string[];
  };
  /** What each role may do, beyond what every signed-in person may: see `permitted()` in the kernel. */
  permissions: Readonly<Record<string, readonly string[]>>;
  /** Three capitals before a booking's number, as in SPC-2026-000001. */
  booking_prefix: string;
  flows: Partial<Record<Module, Flow>>;
  fees: {
    /** Added to what the customer pays, in basis points of the subtotal. */
    customer_basis_points: number;
  };
  /** Seconds. */
  timeouts: {
    /** A request that the provider must accept expires after this, and at its start at the latest. */
    booking_request: number;
  };
  settings: Readonly<Record<string, Setting>>;
};
