import * as z from 'zod/mini';
import { Booking, stepRefusals } from '../booking/booking.ts';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/**
 * Ends a booking whose driver has left. The driver does it before its time is over, and the rest is free again at once; the owner of
 * the space once it is over.
 */
export const checkOut = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/check-out',
  module: 'parking',
  summary: 'Check out of a parking booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Booking,
  refusals: stepRefusals,
  async run({ booking_id }, { db }) {
    return db.one(sql`select * from parking.check_out(${booking_id}::uuid)`, Booking);
  },
});

export const handler = http(checkOut);
