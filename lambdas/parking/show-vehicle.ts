import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Vehicle } from './vehicles.ts';

/** Shows a vehicle of the caller's, also one that is out of use. */
export const showVehicle = useCase({
  route: 'GET /api/v1/vehicles/{vehicle_id}',
  module: 'parking',
  summary: 'Show a vehicle of mine',
  access: signedIn(),
  input: z.strictObject({ vehicle_id: id('vehicle') }),
  output: Vehicle,
  async run({ vehicle_id }, { db }) {
    return db.one(
      sql`
        select v.id, v.tesla_vehicle_id::text, v.vin, v.license_plate, v.display_name, v.make, v.model, v.year, v.color,
               v.length_inches, v.width_inches, v.height_inches, v.is_active, v.last_seen_at, v.created_at, v.updated_at
        from parking.vehicles v
        where v.id = ${vehicle_id}::uuid`,
      Vehicle,
    );
  },
});

export const handler = http(showVehicle);
