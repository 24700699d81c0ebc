import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Accepts a request for its provider, as long as it has not expired. */
export const acceptBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/accept',
  summary: 'Accept a booking request',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Booking,
  refusals: stepRefusals,
  async run({ booking_id }, { db }) {
    return db.one(sql`select * from booking.accept(${booking_id}::uuid)`, Booking);
  },
});

export const handler = http(acceptBooking);
