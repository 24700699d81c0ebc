import { type Marketplace, staffPermissions, verificationSettings } from './marketplace.ts';

/** Homigo: rentals and flatmates by mutual swipe, in India. */
export const homigo: Marketplace = {
  slug: 'homigo',
  name: 'Homigo',
  tagline: 'Rentals and flatmates by mutual match',
  country: 'IN',
  currency: 'INR',
  currency_digits: 2,
  time_zone: 'Asia/Kolkata',
  language: 'en-IN',
  modules: ['homes'],
  roles: { open: ['tenant', 'host'], staff: ['support', 'moderator', 'finance', 'admin', 'super_admin'] },
  required_contacts: ['phone'],
  pending_until: 'phone_verified',
  permissions: { ...staffPermissions, tenant: ['homes.seek'], host: ['homes.list'] },
  verification: { aadhaar: true, documents: {} },
  booking_prefix: 'HMG',
  flows: {},
  policies: {},
  reviews: {},
  fees: { customer_basis_points: 0 },
  payments: { gateways: ['razorpay', 'paytm'], capture: 'now' },
  timeouts: { booking_request: 24 * 3600 },
  settings: verificationSettings,
};
