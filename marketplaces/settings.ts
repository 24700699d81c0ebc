import type { Marketplace } from './marketplace.ts';

const verificationSettings = {
  face_match_threshold: {
    type: 'number',
    value: 90,
    description: 'Similarity in percent from which a selfie and a document show the same face.',
    is_public: false,
    allows: { maximum: 100, fraction: true },
  },
  face_liveness: {
    type: 'boolean',
    value: false,
    description: 'Whether a face is verified only by a video in which somebody alive was seen.',
    is_public: true,
  },
  face_liveness_confidence: {
    type: 'number',
    value: 80,
    description: 'Percent from which a video shows somebody alive.',
    is_public: false,
    allows: { maximum: 100, fraction: true },
  },
} as const satisfies Marketplace['settings'];

/** Settings of reviews, the same at the start in every marketplace. */
export const reviewSettings = {
  review_window_days: {
    type: 'number',
    value: 7,
    description: 'Days after a booking was completed in which its sides review each other.',
    is_public: true,
    allows: { minimum: 1, maximum: 365 },
  },
  review_request_minutes: {
    type: 'number',
    value: 120,
    description: 'Minutes after a booking was completed at which whoever has not reviewed it is asked to.',
    is_public: false,
    allows: { maximum: 525_600 },
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
    allows: { minimum: 1, maximum: 5 },
  },
} as const satisfies Marketplace['settings'];

const invoiceSettings = {
  invoice_issuer: {
    type: 'json',
    value: {},
    description:
      'Who stands on an invoice: { name, address: [line], tax_id, note }. Without a name, the marketplace.',
    is_public: false,
    allows: { fields: { name: 'string', address: 'array', tax_id: 'string', note: 'string' } },
  },
  invoice_tax: {
    type: 'json',
    value: {},
    description:
      'The tax that prices contain: { name, basis_points, of: all | platform }. Empty: an invoice names none.',
    is_public: false,
    allows: { fields: { name: 'string', basis_points: 'number', of: 'string' }, maximum: 10_000 },
  },
} as const satisfies Marketplace['settings'];

const payoutSettings = {
  payout_interval: {
    type: 'string',
    value: 'weekly',
    description:
      'How long a period is after which providers are paid: daily, weekly (from Monday) or monthly.',
    is_public: true,
    allows: { choices: ['daily', 'weekly', 'monthly'] },
  },
  payout_hold_days: {
    type: 'number',
    value: 1,
    description: 'Days after the end of a period at which its payouts are sent.',
    is_public: true,
    allows: { maximum: 365 },
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
    allows: { maximum: 8760 },
  },
} as const satisfies Marketplace['settings'];

const walletSettings = {
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
  wallet_withdrawal_min: {
    type: 'number',
    value: 100,
    description: 'Smallest amount that is taken out of a wallet to a bank, in minor units.',
    is_public: true,
  },
  wallet_withdrawal_max: {
    type: 'number',
    value: 5_000_000,
    description: 'Most that one person takes out of a wallet in 24 hours, in minor units. 0: nothing.',
    is_public: true,
  },
  wallet_withdrawal_review_amount: {
    type: 'number',
    value: 1_000_000,
    description:
      'Amount, in minor units, from which on in 24 hours a withdrawal waits until staff release it.',
    is_public: false,
  },
  wallet_topups_withdrawable: {
    type: 'boolean',
    value: false,
    description:
      'Whether what was topped up may be taken out to a bank. If not, it is spent, or goes back to where it came from by staff.',
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
    allows: { minimum: 1, maximum: 730 },
  },
  payment_deadline_seconds: {
    type: 'number',
    value: 0,
    description:
      'Seconds that a new booking waits for its payment before anything else. 0: it is paid for later.',
    is_public: false,
    allows: { maximum: 604_800 },
  },
  disputes_borne_by: {
    type: 'string',
    value: 'payees',
    description:
      'Who loses what a bank takes back at its customer’s word: those who had got the money (payees), or the platform.',
    is_public: false,
    allows: { choices: ['payees', 'platform'] },
  },
} as const satisfies Marketplace['settings'];

/** How bank accounts of India are paid. */
export const bankRailSettings = {
  bank_payouts: {
    type: 'string',
    value: 'razorpayx',
    description:
      'Who sends payouts to bank accounts: razorpayx, as soon as our account there is filled in, or staff by batches.',
    is_public: false,
    allows: { choices: ['razorpayx', 'staff'] },
  },
} as const satisfies Marketplace['settings'];

/** Settings of subscriptions, the same at the start in every marketplace that has plans. */
export const subscriptionSettings = {
  subscription_reminder_days: {
    type: 'number',
    value: 3,
    description: 'Days before the end of a period at which its subscriber is told what the next one costs.',
    is_public: true,
    allows: { maximum: 28 },
  },
  subscription_retry_days: {
    type: 'json',
    value: [1, 3, 5],
    description: 'Days after the end of a period at which a renewal that was refused is tried again.',
    is_public: false,
    allows: { items: 'number', maximum: 28 },
  },
  subscription_grace_days: {
    type: 'number',
    value: 7,
    description: 'Days after the end of a period for which a subscription that is not paid stays valid.',
    is_public: true,
    allows: { maximum: 365 },
  },
} as const satisfies Marketplace['settings'];

const platformSettings = {
  maintenance_mode: {
    type: 'boolean',
    value: false,
    description: 'Closes the marketplace to everybody but its staff while it is being worked on.',
    is_public: true,
  },
} as const satisfies Marketplace['settings'];

/** What every marketplace starts with. */
export const commonSettings = {
  ...platformSettings,
  ...verificationSettings,
  ...walletSettings,
  ...payoutSettings,
  ...invoiceSettings,
} as const satisfies Marketplace['settings'];
