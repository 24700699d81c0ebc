import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Vehicle, vehicleFacts, vehicleRefusals } from './vehicles.ts';

/** Changes a vehicle of the caller's; what is left out stays. What was booked for it stays booked. */
export const changeVehicle = useCase({
  route: 'PATCH /api/v1/vehicles/{vehicle_id}',
  module: 'parking',
  summary: 'Change a vehicle of mine',
  access: signedIn(),
  input: z.strictObject({ vehicle_id: id('vehicle'), ...z.partial(z.object(vehicleFacts)).shape }),
  output: Vehicle,
  refusals: vehicleRefusals,
  async run({ vehicle_id, ...changes }, { db }) {
    return db.one(
      sql`
        select v.id, v.tesla_vehicle_id::text, v.vin, v.license_plate, v.display_name, v.make, v.model, v.year, v.color,
               v.length_inches, v.width_inches, v.height_inches, v.is_active, v.last_seen_at, v.created_at, v.updated_at
        from parking.change_vehicle(${vehicle_id}::uuid, ${changes}::jsonb) v`,
      Vehicle,
    );
  },
});

export const handler = http(changeVehicle);
