import type { Marketplace } from './marketplace.ts';
import { staffPermissions } from './permissions.ts';
import {
  bankRailSettings,
  bookingSettings,
  commonSettings,
  reviewSettings,
  subscriptionSettings,
} from './settings.ts';
import { stay } from './stay.ts';

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
  required_contacts: ['email', 'phone'],
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
      unpaid: 'confirmed',
      running: 'in_progress',
      completed: 'completed',
      no_show: 'no_show',
      cancelled: 'cancelled',
      live: ['confirmed', 'in_progress'],
      ...stay('in_progress'),
    },
  },
  policies: {
    parking: {
      cancellation: {
        tiers: [
          { hours_before: 24, refund_percent: 100 },
          { hours_before: 2, refund_percent: 50 },
        ],
      },
      no_show: { after_minutes: 60, refund_percent: 0 },
      overstay: { grace_minutes: 15, rate_percent: 150, at_most_minutes: 240 },
    },
  },
  reviews: {
    parking: { customer: { type: 'customer_to_space', details: [] } },
    services: { customer: { type: 'customer_to_expert', details: [] } },
  },
  fees: { customer_basis_points: 0 },
  payments: { gateways: ['razorpay'], capture: 'now', cash: true },
  payouts: { rail: 'bank' },
  timeouts: { booking_request: 24 * 3600 },
  settings: {
    ...commonSettings,
    ...bankRailSettings,
    ...reviewSettings,
    ...bookingSettings,
    ...subscriptionSettings,
    space_approval_required: {
      type: 'boolean',
      value: true,
      description: 'A new space is found and booked only after staff have approved it.',
      is_public: true,
    },
    max_booking_hours: {
      type: 'number',
      value: 720,
      description: 'Longest booking, in hours. A space may ask for less, never for more.',
      is_public: true,
      allows: { minimum: 1, maximum: 8760, fraction: true },
    },
    supported_cities: {
      type: 'json',
      value: [],
      description: 'Cities in which a space can be listed. An empty list allows every city.',
      is_public: true,
      allows: { items: 'string' },
    },
  },
};
