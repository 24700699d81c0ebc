import * as z from 'zod/mini';
import { amount, count, currency, flag, id, instant, place, text } from '../kernel/fields.ts';

/** What a space is called, where it is, what it costs and whom it takes: what its owner writes and everybody reads. */
const facts = {
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
  minimum_booking_hours: count(1, 8760, 1),
  maximum_booking_hours: count(1, 8760, 168),
  advance_booking_hours: count(0, 8760, 1),
  instant_booking_enabled: flag,
  has_ev_charging: flag,
  charging_connector_type: z.nullable(
    z.enum(['tesla', 'j1772', 'ccs', 'chademo', 'type2']).check(z.meta({ examples: ['tesla'] })),
  ),
  has_security_camera: flag,
  has_lighting: flag,
};

/** A space as anybody sees it: a row of `parking.public_spaces`. Who owns it is not told before there is a booking. */
export const Space = z.object({
  id: id('space'),
  ...facts,
  currency,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  rating: z.nullable(z.number().check(z.minimum(1), z.maximum(5), z.meta({ examples: [4.8] }))),
  created_at: instant,
  updated_at: instant,
});

/** What a new space is told, with what holds where nothing is said. */
export const NewSpace = z.strictObject({
  ...facts,
  description: z._default(facts.description, null),
  state: z._default(facts.state, null),
  zip_code: z._default(facts.zip_code, null),
  surface: z._default(facts.surface, null),
  is_covered: z._default(flag, false),
  capacity: z._default(facts.capacity, 1),
  max_vehicle_length_cm: z._default(facts.max_vehicle_length_cm, null),
  max_vehicle_width_cm: z._default(facts.max_vehicle_width_cm, null),
  max_vehicle_height_cm: z._default(facts.max_vehicle_height_cm, null),
  minimum_booking_hours: z._default(facts.minimum_booking_hours, 1),
  maximum_booking_hours: z._default(facts.maximum_booking_hours, 168),
  advance_booking_hours: z._default(facts.advance_booking_hours, 1),
  instant_booking_enabled: z._default(flag, true),
  has_ev_charging: z._default(flag, false),
  charging_connector_type: z._default(facts.charging_connector_type, null),
  has_security_camera: z._default(flag, false),
  has_lighting: z._default(flag, false),
  /** The owner's own name for it: a second space of the same name is refused, so an import may run again. */
  external_ref: z._default(z.nullable(text(1, 100, 'row-17')), null),
  /** Shown to whoever has booked, and to nobody else. */
  access_instructions: z._default(z.nullable(text(1, 2000, 'The gate code is 4711.')), null),
  special_instructions: z._default(z.nullable(text(1, 2000, 'Please park close to the wall.')), null),
});

/** Under which a booking is priced and judged. Hours are whole, amounts in minor units. */
export const SpaceTerms = z.object({
  version: z.int(),
  hourly_rate: amount,
  is_mine: z.boolean(),
  minimum_booking_hours: z.int(),
  /** The smaller of the space's own and the marketplace's setting. */
  maximum_booking_hours: z.number(),
  advance_booking_hours: z.int(),
});
export type SpaceTerms = z.output<typeof SpaceTerms>;
