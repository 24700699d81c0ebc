import * as z from 'zod/mini';
import { count, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

/** Upper case without blanks. Its check digit is looked at by the database, where a vehicle of that origin has one. */
const vin = z
  .string()
  .check(
    z.trim(),
    z.toUpperCase(),
    z.regex(/^[A-HJ-NPR-Z0-9]{17}$/, { error: 'must have 17 letters and digits without I, O and Q' }),
    z.meta({ examples: ['5YJ3E1EA2JF000316'] }),
  );

/** What an owner says of a vehicle. Lengths are in inches, as the documents have them. */
export const vehicleFacts = {
  vin: z.nullable(vin),
  license_plate: z.nullable(text(1, 20, '8ABC123')),
  display_name: z.nullable(text(1, 100, 'Snow')),
  make: z.nullable(text(1, 50, 'Tesla')),
  model: z.nullable(text(1, 50, 'Model 3')),
  year: z.nullable(count(1886, 2100, 2024)),
  color: z.nullable(text(1, 50, 'white')),
  length_inches: count(1, 1200, 185),
  width_inches: count(1, 400, 73),
  height_inches: count(1, 400, 57),
};

/** A vehicle as its owner sees it: a row of `parking.vehicles`. */
export const Vehicle = z.object({
  id: id('vehicle'),
  /** A number of up to 19 digits, so it travels as text. Known where the vehicle came from a Tesla account. */
  tesla_vehicle_id: z.nullable(z.string().check(z.meta({ examples: ['1492931337133713'] }))),
  ...vehicleFacts,
  is_active: flag,
  last_seen_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

export const vehicleRefusals = {
  vehicles_vin_check: refuse('invalid_vin', 422, 'The check digit of this VIN is wrong.', 'vin'),
  vehicles_vin_key: refuse('vin_taken', 409, 'A vehicle with this VIN is in use here.', 'vin'),
  vehicles_tesla_vehicle_id_key: refuse(
    'tesla_vehicle_taken',
    409,
    'This vehicle of Tesla’s is in use here.',
    'tesla_vehicle_id',
  ),
  vehicles_known_check: refuse('vehicle_unknown', 422, 'Give the VIN or the licence plate.', 'vin'),
};
