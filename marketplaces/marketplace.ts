/**
 * What a marketplace is. A new marketplace is one file that exports a `Marketplace` and one line in `index.ts`:
 * everything else (its stage, its schedules, its settings, its documentation) follows from the value.
 */

/** Modules that a marketplace may switch on. The others (platform, identity, notify, booking) are always there. */
export type Module = 'parking' | 'services' | 'sessions' | 'homes' | 'tesla';

/** Who makes a transition of a booking: the party who booked, the party who is booked, staff, or the clock. */
export type Party = 'customer' | 'provider' | 'staff' | 'system';

/** A moment of a booking: some minutes from its start or end, and those that a rule of its own policy adds. */
export type Moment = {
  of: 'starts_at' | 'ends_at';
  minutes?: number;
  policy?: 'no_show.after_minutes' | 'overstay.grace_minutes' | 'overstay.at_most_minutes';
};

/** One allowed step of a booking: who may take it, from which status to which. */
export type Transition = {
  from: string;
  to: string;
  by: readonly Party[];
  /** When customer and provider may take it: from the one moment on, and before the other. */
  opens?: Moment;
  closes?: Moment;
  /** Who must show by position, or by a code that was checked, to be as near as this to where the booking takes place. */
  near?: { by: readonly Party[]; metres: number };
};

/** What the clock does with a booking that is still in a status at a moment: takes it `to` another, or tells an event. */
export type FlowTimer = { in: string; due: Moment; reason: string } & (
  | { to: string; event?: string }
  | { to?: never; event: string }
);

/**
 * The states of one kind of booking. A booking keeps the flow it was made under, whatever the file says later.
 * `on_request` is where a booking starts that the provider must accept, `instant` where one starts that needs no
 * answer, `unpaid` where such a one waits for its payment; `running` is where one is while it takes place; `live` are the
 * statuses that occupy the resource.
 */
export type Flow = {
  instant: string;
  on_request: string | null;
  unpaid: string;
  running: string;
  completed: string;
  no_show: string;
  cancelled: string;
  live: readonly string[];
  transitions: readonly Transition[];
  timers: readonly FlowTimer[];
};

/** What a booking is made under, kept with it whatever the file says later. */
export type BookingPolicy = {
  cancellation: {
    /**
     * What a customer who cancels gets back of each line: of the tiers whose `hours_before` the start are not over, the one
     * with the most counts, and none means nothing. Whole days are reckoned by the calendar of the resource's zone.
     */
    tiers: readonly { hours_before: number; refund_percent: number }[];
  };
  /** A customer who has not come so long after the start is taken not to come. */
  no_show: { after_minutes: number; refund_percent: number };
  /** Staying longer costs the booking's own average price at this rate, from the end on, once the grace is over. */
  overstay: { grace_minutes: number; rate_percent: number; at_most_minutes: number };
};

/** A provider of payments that the application has a client for. */
export type PaymentGateway = 'stripe' | 'razorpay' | 'paytm' | 'paymongo' | 'bolt';

/** A kind of review: its name, and what may be rated beside the whole. */
export type ReviewKind = { type: string; details: readonly string[] };

/** Documents that people hand in for review. The database knows the same list. */
export type DocumentType =
  | 'government_id'
  | 'license'
  | 'nbi_clearance'
  | 'health_cert'
  | 'address_proof'
  | 'business_registration'
  | 'certification'
  | 'insurance'
  | 'other';

/** What people subscribe to. What a plan costs now is what the next period costs; a code never means another plan. */
export type Plan = {
  code: string;
  name: string;
  /** For whom it is: a person has one subscription for each role at most. */
  role: string;
  /** For each period, in the currency's minor unit, taxes included. */
  amount: number;
  /** Months of a period, by the calendar of the marketplace's zone. */
  months: number;
  /** What comes with it, by the names that the modules ask for. */
  benefits: readonly string[];
};

/** What is paid for once and is valid for some days. */
export type Product = {
  code: string;
  name: string;
  role: string;
  amount: number;
  days: number;
  /** The kind of thing that it makes valid, by the name that its module has for it. */
  covers: string;
  benefits: readonly string[];
};

/** A value that the business changes while the system runs. The file gives its first value and its type. */
export type Setting = {
  type: 'string' | 'number' | 'boolean' | 'json';
  value: unknown;
  description: string;
  /** Readable by anybody, signed in or not. */
  is_public: boolean;
  /** What staff may set it to beyond its type. A number, also in a list or an object, is whole and from 0 to 1,000,000,000 unless told. */
  allows?: {
    minimum?: number;
    maximum?: number;
    fraction?: true;
    choices?: readonly string[];
    /** Of a list. */
    items?: 'string' | 'number';
    /** Of an object: which fields it may have, and their types. An array is of texts. */
    fields?: Readonly<Record<string, 'string' | 'number' | 'array'>>;
  };
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
  /** Without which of the two nobody signs up. One of them is needed everywhere. */
  required_contacts: readonly ('email' | 'phone')[];
  /** What a new account waits for. Until then the person fills in what is their own, and is shown to nobody. */
  pending_until?: 'phone_verified';
  /**
   * What each role may do, beyond what every signed-in person may: see `permitted()` in the kernel. The first state: a super
   * admin changes it while the system runs.
   */
  permissions: Readonly<Record<string, readonly string[]>>;
  verification: {
    /** India's identity numbers can be proven, which only its provider for India can do. */
    aadhaar: boolean;
    /** Documents that a role needs before its people can be found: role to types. Roles that are not here need none. */
    documents: Readonly<Record<string, readonly DocumentType[]>>;
  };
  /** Three capitals before a booking's number, as in SPC-2026-000001. */
  booking_prefix: string;
  flows: Partial<Record<Module, Flow>>;
  policies: Partial<Record<Module, BookingPolicy>>;
  /** What each side of a completed booking writes of the other. A module or side that is not here writes nothing. */
  reviews: Partial<Record<Module, Partial<Record<'customer' | 'provider', ReviewKind>>>>;
  fees: {
    /** Added to what the customer pays, in basis points of the subtotal. */
    customer_basis_points: number;
  };
  payments: {
    /** Those that take payments, the preferred one first: the next is asked when one does not answer. */
    gateways: readonly PaymentGateway[];
    /** A booking's money is taken at once, or only reserved and taken when the booking is over. */
    capture: 'now' | 'later';
    /** Customers may give their provider cash, of which the provider owes the platform its fee. */
    cash?: boolean;
  };
  /**
   * How providers are paid: into an account at Stripe that pays out to their bank, or to a bank account, by a machine where the setting
   * `bank_payouts` names one, and otherwise by staff, who send their bank a file. When, and from what amount on, the settings say.
   */
  payouts: { rail: 'stripe' | 'bank' };
  /** Absent: nobody subscribes to anything. */
  plans?: readonly Plan[];
  /** Absent: nothing is paid for listing. */
  products?: readonly Product[];
  /** People's addresses must be known to the geocoder, which also says where they are. Absent: what people write is kept. */
  address_validation?: boolean;
  /** Where a space is whose owner names neither city nor state. Absent: the city must be named. */
  home?: { city: string; state: string };
  /** Seconds. */
  timeouts: {
    /** A request that the provider must accept expires after this, and at its start at the latest. */
    booking_request: number;
  };
  settings: Readonly<Record<string, Setting>>;
};
