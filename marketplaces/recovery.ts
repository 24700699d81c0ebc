import type { Marketplace } from './marketplace.ts';
import { staffPermissions } from './permissions.ts';
import { commonSettings, reviewSettings } from './settings.ts';

/** Recovery Machine: mobile cold plunge and sauna sessions in Los Angeles. */
export const recovery: Marketplace = {
  slug: 'recovery',
  name: 'Recovery Machine',
  tagline: 'Mobile sauna and plunge sessions',
  country: 'US',
  currency: 'USD',
  currency_digits: 2,
  time_zone: 'America/Los_Angeles',
  language: 'en-US',
  modules: ['sessions'],
  roles: { open: ['customer'], staff: ['operator', 'admin', 'super_admin'] },
  required_contacts: ['email'],
  permissions: staffPermissions,
  verification: { aadhaar: false, documents: {} },
  booking_prefix: 'RCV',
  flows: {},
  policies: {},
  reviews: { sessions: { customer: { type: 'customer_to_provider', details: [] } } },
  fees: { customer_basis_points: 0 },
  payments: { gateways: ['bolt'], capture: 'now' },
  payouts: { rail: 'stripe' },
  timeouts: { booking_request: 24 * 3600 },
  settings: {
    setup_fee_cents: {
      type: 'number',
      value: 25_000,
      description: 'What the first order of a customer costs beyond its price, once, in cents.',
      is_public: true,
    },
    ...commonSettings,
    ...reviewSettings,
  },
};
