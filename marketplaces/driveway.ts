import type { Marketplace } from './marketplace.ts';
import { staffPermissions } from './permissions.ts';
import { bookingSettings, commonSettings, reviewSettings } from './settings.ts';
import { stay } from './stay.ts';

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
  required_contacts: [],
  permissions: { ...staffPermissions, driver: ['parking.book'], host: ['parking.list'] },
  verification: { aadhaar: false, documents: {} },
  booking_prefix: 'DRV',
  flows: {
    parking: {
      instant: 'confirmed',
      on_request: 'pending',
      unpaid: 'pending',
      running: 'active',
      completed: 'completed',
      no_show: 'no_show',
      cancelled: 'cancelled',
      live: ['pending', 'confirmed', 'active'],
      transitions: [
        { from: 'pending', to: 'confirmed', by: ['provider', 'system'] },
        { from: 'pending', to: 'cancelled', by: ['customer', 'provider', 'staff', 'system'] },
        ...stay('active').transitions,
      ],
      timers: stay('active').timers,
    },
  },
  policies: {
    parking: {
      cancellation: {
        tiers: [
          { hours_before: 24, refund_percent: 100 },
          { hours_before: 1, refund_percent: 50 },
        ],
      },
      no_show: { after_minutes: 60, refund_percent: 0 },
      overstay: { grace_minutes: 15, rate_percent: 150, at_most_minutes: 240 },
    },
  },
  reviews: {
    parking: {
      customer: { type: 'driver_to_host', details: [] },
      provider: { type: 'host_to_driver', details: [] },
    },
  },
  fees: { customer_basis_points: 1500 },
  payments: { gateways: ['stripe'], capture: 'later' },
  payouts: { rail: 'stripe' },
  address_validation: true,
  home: { city: 'San Francisco', state: 'CA' },
  timeouts: { booking_request: 24 * 3600 },
  settings: {
    ...commonSettings,
    ...reviewSettings,
    ...bookingSettings,
    vehicle_required: {
      type: 'boolean',
      value: true,
      description: 'Nobody books without saying which of their vehicles comes.',
      is_public: true,
    },
    platform_fee_percentage: {
      type: 'number',
      value: 15,
      description: 'Platform fee in percent of the subtotal, on top of it and paid by the driver.',
      is_public: true,
      allows: { maximum: 100, fraction: true },
    },
    max_booking_hours: {
      type: 'number',
      value: 168,
      description: 'Longest booking, in hours. A space may ask for less, never for more.',
      is_public: true,
      allows: { minimum: 1, maximum: 8760, fraction: true },
    },
    supported_cities: {
      type: 'json',
      value: ['San Francisco'],
      description: 'Cities in which a driveway can be listed. An empty list allows every city.',
      is_public: true,
      allows: { items: 'string' },
    },
    tesla_api_rate_limit: {
      type: 'number',
      value: 200,
      description: 'Requests an hour that we allow ourselves at the Tesla Fleet API.',
      is_public: false,
      allows: { maximum: 10_000 },
    },
    tesla_navigation_lead_minutes: {
      type: 'number',
      value: 30,
      description: 'Minutes before its start at which a booking sends the way to the driver’s Tesla.',
      is_public: false,
      allows: { maximum: 1440 },
    },
  },
};
