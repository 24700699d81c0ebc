import { type Marketplace, staffPermissions, verificationSettings } from './marketplace.ts';

/** Handie: home services by experts, and parking spaces, in India. */
export const handie: Marketplace = {
  slug: 'handie',
  name: 'Handie',
  tagline: 'Home services and parking',
  country: 'IN',
  currency: 'INR',
  currency_digits: 2,
  time_zone: 'Asia/Kolkata',
  language: 'en-IN',
  modules: ['services', 'parking'],
  roles: { open: ['customer', 'expert'], staff: ['admin', 'super_admin'] },
  permissions: {
    ...staffPermissions,
    customer: ['parking.book', 'parking.list'],
    expert: ['parking.book', 'parking.list'],
  },
  verification: { aadhaar: true, documents: { expert: ['government_id', 'address_proof'] } },
  booking_prefix: 'HND',
  flows: {
    parking: {
      instant: 'confirmed',
      on_request: null,
      live: ['confirmed', 'in_progress'],
      cancelled: 'cancelled',
      transitions: [
        { from: 'confirmed', to: 'in_progress', by: ['customer', 'provider', 'system'] },
        { from: 'confirmed', to: 'cancelled', by: ['customer', 'provider', 'staff', 'system'] },
        { from: 'confirmed', to: 'no_show', by: ['provider', 'staff', 'system'] },
        { from: 'in_progress', to: 'completed', by: ['customer', 'provider', 'staff', 'system'] },
      ],
    },
  },
  fees: { customer_basis_points: 0 },
  timeouts: { booking_request: 24 * 3600 },
  settings: {
    ...verificationSettings,
    max_booking_hours: {
      type: 'number',
      value: 720,
      description: 'Longest booking, in hours. A space may ask for less, never for more.',
      is_public: true,
    },
    supported_cities: {
      type: 'json',
      value: [],
      description: 'Cities in which a space can be listed. An empty list allows every city.',
      is_public: true,
    },
  },
};
