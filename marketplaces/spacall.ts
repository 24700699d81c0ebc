import type { Marketplace } from './marketplace.ts';
import { staffPermissions } from './permissions.ts';
import { commonSettings, reviewSettings } from './settings.ts';

/** Spacall: massage therapists who travel, and spas, in the Philippines. */
export const spacall: Marketplace = {
  slug: 'spacall',
  name: 'Spacall',
  tagline: 'Massage on demand',
  country: 'PH',
  currency: 'PHP',
  currency_digits: 2,
  time_zone: 'Asia/Manila',
  language: 'en-PH',
  modules: ['services'],
  roles: { open: ['customer', 'therapist', 'store_owner'], staff: ['admin', 'super_admin'] },
  required_contacts: ['phone'],
  permissions: staffPermissions,
  verification: {
    aadhaar: false,
    documents: {
      therapist: ['government_id', 'license', 'nbi_clearance', 'health_cert'],
      store_owner: ['government_id', 'business_registration'],
    },
  },
  booking_prefix: 'SPC',
  flows: {},
  policies: {},
  reviews: {
    services: {
      customer: {
        type: 'customer_to_provider',
        details: ['professionalism', 'communication', 'timeliness', 'quality'],
      },
      provider: {
        type: 'provider_to_customer',
        details: ['professionalism', 'communication', 'timeliness', 'quality'],
      },
    },
  },
  fees: { customer_basis_points: 0 },
  payments: { gateways: ['paymongo'], capture: 'now', cash: true },
  payouts: { rail: 'bank' },
  timeouts: { booking_request: 300 },
  settings: {
    ...commonSettings,
    ...reviewSettings,
    commission_rate: {
      type: 'json',
      value: { default: 15, premium: 10 },
      description: 'Platform commission rates, in percent',
      is_public: false,
    },
    booking_timeout: {
      type: 'json',
      value: { pending: 300, accepted: 1800 },
      description: 'Booking timeout in seconds',
      is_public: true,
    },
    cancellation_policy: {
      type: 'json',
      value: { free_before_hours: 24, fee_percentage: 50 },
      description: 'Cancellation policy',
      is_public: true,
    },
    service_radius_max: {
      type: 'number',
      value: 20,
      description: 'Maximum service radius in km',
      is_public: true,
      allows: { fraction: true },
    },
  },
};
