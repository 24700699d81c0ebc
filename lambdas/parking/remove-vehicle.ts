import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Takes a vehicle out of use. Its next owner can add it then. */
export const removeVehicle = useCase({
  route: 'DELETE /api/v1/vehicles/{vehicle_id}',
  module: 'parking',
  summary: 'Remove a vehicle of mine',
  access: signedIn(),
  input: z.strictObject({ vehicle_id: id('vehicle') }),
  output: z.void(),
  status: 204,
  refusals: {
    vehicle_booked: refuse('vehicle_booked', 409, 'A space is booked for this vehicle. Cancel that first.'),
  },
  async run({ vehicle_id }, { db }) {
    await db.one(sql`select parking.remove_vehicle(${vehicle_id}::uuid) as id`, z.object({}));
  },
});

export const handler = http(removeVehicle);
