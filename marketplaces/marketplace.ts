/**
 * What a marketplace is. A new marketplace is one file that exports a `Marketplace` and one line in `index.ts`:
 * everything else (its stage, its schedules, its settings, its documentation) follows from the value.
 */

/** Modules that a marketplace may switch on. The others (platform, identity, notify, booking) are always there. */
export type Module = 'parking' | 'services' | 'sessions' | 'homes' | 'tesla';

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
  fees: {
    /** Added to what the customer pays, in basis points of the subtotal. */
    customer_basis_points: number;
  };
  /** People's addresses must be known to the geocoder, which also says where they are. Absent: what people write is kept. */
  address_validation?: boolean;
  /** Seconds. */
  timeouts: {
    /** A request that the provider must accept expires after this, and at its start at the latest. */
    booking_request: number;
  };
  settings: Readonly<Record<string, Setting>>;
};

/** What staff may do, by role: a marketplace takes what concerns the roles that it has. */
export const staffPermissions = {
  support: ['accounts.read', 'accounts.impersonate'],
  operator: ['accounts.read'],
  moderator: ['accounts.read', 'accounts.suspend'],
  finance: ['accounts.read'],
  admin: [
    'accounts.read',
    'accounts.suspend',
    'accounts.ban',
    'accounts.impersonate',
    'audit_logs.read',
    'verification.review',
  ],
  super_admin: [
    'accounts.read',
    'accounts.suspend',
    'accounts.ban',
    'accounts.impersonate',
    'audit_logs.read',
    'roles.manage',
    'verification.review',
  ],
} as const satisfies Marketplace['permissions'];

/** Settings of verification, the same at the start in every marketplace. */
export const verificationSettings = {
  face_match_threshold: {
    type: 'number',
    value: 90,
    description: 'Similarity in percent from which a selfie and a document show the same face',
    is_public: false,
  },
} as const satisfies Marketplace['settings'];
