import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Vehicle } from './vehicles.ts';

/** Lists the caller's vehicles that are in use, newest first. */
export const listVehicles = useCase({
  route: 'GET /api/v1/vehicles',
  module: 'parking',
  summary: 'List my vehicles',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: page(Vehicle),
  async run({ limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    return db.page(
      sql`
        select v.id, v.tesla_vehicle_id::text, v.vin, v.license_plate, v.display_name, v.make, v.model, v.year, v.color,
               v.length_inches, v.width_inches, v.height_inches, v.is_active, v.last_seen_at, v.created_at, v.updated_at
        from parking.vehicles v
        where v.is_active and (${before}::uuid is null or v.id < ${before}::uuid)
        order by v.id desc
        limit ${limit + 1}::integer`,
      Vehicle,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listVehicles);
