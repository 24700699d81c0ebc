import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Access, AccessRow, qrContent } from './access.ts';

/** Shows the driver the code of a confirmed booking. Anybody else's is not found, and nor is that of a booking not yet confirmed. */
export const getAccess = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/access',
  module: 'parking',
  summary: 'Get the access code of a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Access,
  async run({ booking_id }, { db, marketplace }) {
    const row = await db.one(
      sql`
        select access_code, valid_from, valid_until, is_valid
        from parking.my_access(${booking_id}::uuid)`,
      AccessRow,
    );
    return { ...row, qr_code: qrContent(marketplace.slug, booking_id, row.access_code) };
  },
});

export const handler = http(getAccess);
