import * as z from 'zod/mini';
import { amount, count, currency, flag, id, instant, place, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { photo } from './photos.ts';

const connector = z
  .enum(['tesla', 'j1772', 'ccs', 'chademo', 'type2'])
  .check(z.meta({ examples: ['tesla'] }));

/** Minor units. Null where the owner offers no such rate. */
const unitRate = z.nullable(count(0, 9_999_999_999, 4_000));

/** What an owner says that a space has, beside what has a field of its own. */
export const amenities = z
  .array(z.string().check(z.regex(/^[a-z0-9_]{2,40}$/), z.meta({ examples: ['toilet'] })))
  .check(z.maxLength(30));

/** What a space is called, where it is, what it costs and whom it takes: what its owner writes and everybody reads. */
export const spaceFacts = {
  title: text(1, 200, 'Driveway near Dolores Park'),
  description: z.nullable(text(1, 4000, 'A level driveway with room for one car.')),
  address: text(1, 300, '1387 Valencia St'),
  city: text(1, 100, 'San Francisco'),
  state: z.nullable(text(1, 100, 'CA')),
  zip_code: z.nullable(text(1, 20, '94110')),
  location: place,
  surface: z.nullable(
    z.enum(['concrete', 'asphalt', 'gravel', 'paved']).check(z.meta({ examples: ['concrete'] })),
  ),
  is_covered: flag,
  capacity: count(1, 500, 1),
  max_vehicle_length_cm: z.nullable(count(1, 10_000, 500)),
  max_vehicle_width_cm: z.nullable(count(1, 10_000, 210)),
  max_vehicle_height_cm: z.nullable(count(1, 10_000, 220)),
  hourly_rate: count(0, 99_999_999, 500),
  daily_rate: unitRate,
  weekly_rate: unitRate,
  monthly_rate: unitRate,
  minimum_booking_hours: count(1, 8760, 1),
  maximum_booking_hours: count(1, 8760, 168),
  advance_booking_hours: count(0, 8760, 1),
  buffer_before_minutes: count(0, 1440, 0),
  buffer_after_minutes: count(0, 1440, 15),
  instant_booking_enabled: flag,
  has_ev_charging: flag,
  charging_connector_type: z.nullable(connector),
  has_security_camera: flag,
  has_lighting: flag,
  amenities,
};

/** Shown to whoever has booked, and to nobody else. */
export const spaceSecrets = {
  access_instructions: z.nullable(text(1, 2000, 'The gate code is 4711.')),
  special_instructions: z.nullable(text(1, 2000, 'Please park close to the wall.')),
};

const shown = {
  id: id('space'),
  ...spaceFacts,
  currency,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  rating: z.nullable(z.number().check(z.minimum(1), z.maximum(5), z.meta({ examples: [4.8] }))),
  review_count: count(0, 1_000_000, 12),
  photos: z.array(photo),
  created_at: instant,
  updated_at: instant,
};

/** A space as anybody sees it. Who owns it is not told before there is a booking. */
export const Space = z.object(shown);

export const listingStatus = z
  .enum(['active', 'inactive', 'suspended'])
  .check(z.meta({ examples: ['active'] }));
export const approvalStatus = z
  .enum(['pending', 'approved', 'rejected'])
  .check(z.meta({ examples: ['approved'] }));

/** The same as its owner sees it: also while it is paused, waits for staff or was rejected by them. */
export const OwnSpace = z.object({
  ...shown,
  external_ref: z.nullable(text(1, 100, 'row-17')),
  listing_status: listingStatus,
  approval_status: approvalStatus,
  is_approved: flag,
  approval_reason: z.nullable(text(1, 500, 'The photo shows another street.')),
  total_bookings: count(0, 1_000_000_000, 31),
  total_earnings: amount,
});

/** Refusals of whatever writes a space. */
export const spaceRefusals = {
  city_not_supported: refuse(
    'city_not_supported',
    422,
    'Spaces in this city cannot be listed here yet.',
    'city',
  ),
  spaces_covered_height_check: refuse(
    'height_required',
    422,
    'A covered space needs its greatest vehicle height.',
    'max_vehicle_height_cm',
  ),
  spaces_booking_hours_check: refuse(
    'hours_out_of_order',
    422,
    'The longest booking must not be shorter than the shortest.',
    'maximum_booking_hours',
  ),
  too_long_at_least: refuse(
    'too_long_at_least',
    422,
    'Nobody may book that long here, so that this space could never be booked.',
    'minimum_booking_hours',
  ),
  spaces_charging_check: refuse(
    'connector_without_charging',
    422,
    'A connector can only be named where there is charging.',
    'charging_connector_type',
  ),
  requests_not_supported: refuse(
    'requests_not_supported',
    422,
    'Bookings are always instant in this marketplace.',
    'instant_booking_enabled',
  ),
};
