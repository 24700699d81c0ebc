import { type Marketplace, staffPermissions, verificationSettings } from './marketplace.ts';

/** Driveway-Hub: driveways of San Francisco for drivers of a Tesla. */
export const driveway: Marketplace = {
  slug: 'driveway',
  name: 'Driveway-Hub',
  tagline: 'Driveways for Tesla drivers',
  country: 'US',
  currency: 'USD',
  currency_digits: 2,
  time_zone: 'America/Los_Angeles',
  language: 'en-US',
  modules: ['parking', 'tesla'],
  roles: { open: ['driver', 'host'], staff: ['support', 'admin', 'super_admin'] },
  permissions: { ...staffPermissions, driver: ['parking.book'], host: ['parking.list'] },
  verification: { aadhaar: false, documents: {} },
  booking_prefix: 'DRV',
  flows: {
    parking: {
      instant: 'confirmed',
      on_request: 'pending',
      live: ['pending', 'confirmed', 'active'],
      cancelled: 'cancelled',
      transitions: [
        { from: 'pending', to: 'confirmed', by: ['provider', 'system'] },
        { from: 'pending', to: 'cancelled', by: ['customer', 'provider', 'staff', 'system'] },
        { from: 'confirmed', to: 'active', by: ['customer', 'provider', 'system'] },
        { from: 'confirmed', to: 'cancelled', by: ['customer', 'provider', 'staff', 'system'] },
        { from: 'confirmed', to: 'no_show', by: ['provider', 'staff', 'system'] },
        { from: 'active', to: 'completed', by: ['customer', 'provider', 'staff', 'system'] },
      ],
    },
  },
  fees: { customer_basis_points: 1500 },
  address_validation: true,
  timeouts: { booking_request: 24 * 3600 },
  settings: {
    ...verificationSettings,
    max_booking_hours: {
      type: 'number',
      value: 168,
      description: 'Longest booking, in hours. A space may ask for less, never for more.',
      is_public: true,
    },
    supported_cities: {
      type: 'json',
      value: ['San Francisco'],
      description: 'Cities in which a driveway can be listed. An empty list allows every city.',
      is_public: true,
    },
    maintenance_mode: {
      type: 'boolean',
      value: false,
      description: 'Shown by the apps while the service is being worked on.',
      is_public: true,
    },
    tesla_api_rate_limit: {
      type: 'number',
      value: 200,
      description: 'Requests an hour that we allow ourselves at the Tesla Fleet API.',
      is_public: false,
    },
  },
};
