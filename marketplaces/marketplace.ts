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
   * How providers are paid: into an account at Stripe that pays out to their bank, or by staff, who send their bank a file. When, and
   * from what amount on, the settings say.
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

/** What staff may do, by role: a marketplace takes what concerns the roles that it has. */
export const staffPermissions = {
  support: ['accounts.read', 'accounts.impersonate', 'bookings.manage'],
  operator: ['accounts.read'],
  moderator: ['accounts.read', 'accounts.suspend', 'parking.review', 'reviews.moderate'],
  finance: ['accounts.read', 'money.read', 'money.adjust', 'money.refund', 'money.payout', 'promos.manage'],
  admin: [
    'accounts.read',
    'accounts.suspend',
    'accounts.ban',
    'accounts.impersonate',
    'audit_logs.read',
    'verification.review',
    'bookings.manage',
    'parking.review',
    'reviews.moderate',
    'money.read',
    'money.adjust',
    'money.refund',
    'money.payout',
    'promos.manage',
  ],
  super_admin: [
    'accounts.read',
    'accounts.suspend',
    'accounts.ban',
    'accounts.impersonate',
    'audit_logs.read',
    'roles.manage',
    'verification.review',
    'bookings.manage',
    'parking.review',
    'reviews.moderate',
    'money.read',
    'money.adjust',
    'money.refund',
    'money.payout',
    'promos.manage',
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
  face_liveness: {
    type: 'boolean',
    value: false,
    description: 'Whether a face is verified only by a video in which somebody alive was seen',
    is_public: true,
  },
  face_liveness_confidence: {
    type: 'number',
    value: 80,
    description: 'Percent from which a video shows somebody alive',
    is_public: false,
  },
} as const satisfies Marketplace['settings'];

/** Settings of reviews, the same at the start in every marketplace. */
export const reviewSettings = {
  review_window_days: {
    type: 'number',
    value: 7,
    description: 'Days after a booking was completed in which its sides review each other.',
    is_public: true,
  },
  review_request_minutes: {
    type: 'number',
    value: 120,
    description: 'Minutes after a booking was completed at which whoever has not reviewed it is asked to.',
    is_public: false,
  },
  review_url: {
    type: 'string',
    value: 'https://{marketplace}.example/bookings/{booking_id}/review',
    description: 'Where the app takes the review of a booking: what a request to review links to.',
    is_public: false,
  },
  featured_review_rating: {
    type: 'number',
    value: 5,
    description: 'Rating from which on a review is proposed for the front page.',
    is_public: false,
  },
} as const satisfies Marketplace['settings'];

/** Settings of invoices, the same at the start in every marketplace. */
export const invoiceSettings = {
  invoice_issuer: {
    type: 'json',
    value: {},
    description:
      'Who stands on an invoice: { name, address: [line], tax_id, note }. Without a name, the marketplace.',
    is_public: false,
  },
  invoice_tax: {
    type: 'json',
    value: {},
    description:
      'The tax that prices contain: { name, basis_points, of: all | platform }. Empty: an invoice names none.',
    is_public: false,
  },
} as const satisfies Marketplace['settings'];

/** Settings of payouts, the same at the start in every marketplace. */
export const payoutSettings = {
  payout_interval: {
    type: 'string',
    value: 'weekly',
    description:
      'How long a period is after which providers are paid: daily, weekly (from Monday) or monthly.',
    is_public: true,
  },
  payout_hold_days: {
    type: 'number',
    value: 1,
    description: 'Days after the end of a period at which its payouts are sent.',
    is_public: true,
  },
  payout_minimum_amount: {
    type: 'number',
    value: 100,
    description: 'Smallest payout, in minor units. What is less waits for the next period.',
    is_public: true,
  },
  payout_fee_amount: {
    type: 'number',
    value: 0,
    description: 'What a payout costs its provider, in minor units.',
    is_public: true,
  },
  payout_account_hold_hours: {
    type: 'number',
    value: 24,
    description: 'Hours after which a new bank account is first paid to, so that its owner can object.',
    is_public: true,
  },
} as const satisfies Marketplace['settings'];

/** Settings of wallets, the same at the start in every marketplace whose people top theirs up. */
export const walletSettings = {
  wallet_topup_min: {
    type: 'number',
    value: 100,
    description: 'Smallest top-up of a wallet, in minor units.',
    is_public: true,
  },
  wallet_topup_max: {
    type: 'number',
    value: 5_000_000,
    description: 'Largest top-up of a wallet, in minor units.',
    is_public: true,
  },
} as const satisfies Marketplace['settings'];

/** Settings of bookings, the same at the start in every marketplace that takes them. */
export const bookingSettings = {
  booking_horizon_days: {
    type: 'number',
    value: 365,
    description: 'Days ahead at which a booking ends at the latest.',
    is_public: true,
  },
  payment_deadline_seconds: {
    type: 'number',
    value: 0,
    description:
      'Seconds that a new booking waits for its payment before anything else. 0: it is paid for later.',
    is_public: false,
  },
  disputes_borne_by: {
    type: 'string',
    value: 'payees',
    description:
      'Who loses what a bank takes back at its customer’s word: those who had got the money (payees), or the platform.',
    is_public: false,
  },
} as const satisfies Marketplace['settings'];

/** Settings of subscriptions, the same at the start in every marketplace that has plans. */
export const subscriptionSettings = {
  subscription_reminder_days: {
    type: 'number',
    value: 3,
    description: 'Days before the end of a period at which its subscriber is told what the next one costs.',
    is_public: true,
  },
  subscription_retry_days: {
    type: 'json',
    value: [1, 3, 5],
    description: 'Days after the end of a period at which a renewal that was refused is tried again.',
    is_public: false,
  },
  subscription_grace_days: {
    type: 'number',
    value: 7,
    description: 'Days after the end of a period for which a subscription that is not paid stays valid.',
    is_public: true,
  },
} as const satisfies Marketplace['settings'];
