import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Declines a request for its provider. Its time is free again at once, and the customer owes nothing. */
export const declineBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/decline',
  summary: 'Decline a booking request',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    reason: z.optional(text(1, 500, 'The driveway is being repaired.')),
  }),
  output: Booking,
  refusals: stepRefusals,
  async run({ booking_id, reason = null }, { db }) {
    return db.one(sql`select * from booking.decline(${booking_id}::uuid, ${reason}::text)`, Booking);
  },
});

export const handler = http(declineBooking);
