import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Vehicle, vehicleFacts, vehicleRefusals } from './vehicles.ts';

/** Adds a vehicle. One without dimensions is taken to be as large as a Model 3. */
export const addVehicle = useCase({
  route: 'POST /api/v1/vehicles',
  module: 'parking',
  summary: 'Add a vehicle',
  access: permitted('parking.book'),
  input: z.strictObject({
    tesla_vehicle_id: z._default(
      z.nullable(z.string().check(z.regex(/^[1-9]\d{0,17}$/), z.meta({ examples: ['1492931337133713'] }))),
      null,
    ),
    vin: z._default(vehicleFacts.vin, null),
    license_plate: z._default(vehicleFacts.license_plate, null),
    display_name: z._default(vehicleFacts.display_name, null),
    make: z._default(vehicleFacts.make, null),
    model: z._default(vehicleFacts.model, null),
    year: z._default(vehicleFacts.year, null),
    color: z._default(vehicleFacts.color, null),
    length_inches: z._default(vehicleFacts.length_inches, 185),
    width_inches: z._default(vehicleFacts.width_inches, 73),
    height_inches: z._default(vehicleFacts.height_inches, 57),
  }),
  output: Vehicle,
  status: 201,
  refusals: {
    ...vehicleRefusals,
    too_many_vehicles: refuse('too_many_vehicles', 409, 'You have twenty vehicles. Remove one first.'),
  },
  async run(input, { db }) {
    return db.one(
      sql`
        select v.id, v.tesla_vehicle_id::text, v.vin, v.license_plate, v.display_name, v.make, v.model, v.year, v.color,
               v.length_inches, v.width_inches, v.height_inches, v.is_active, v.last_seen_at, v.created_at, v.updated_at
        from parking.add_vehicle(${input}::jsonb) v`,
      Vehicle,
    );
  },
});

export const handler = http(addVehicle);
