import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Cancels a booking for its customer or its provider, where its flow lets them. Its time is free again at once. */
export const cancelBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/cancel',
  summary: 'Cancel a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    reason: z.optional(text(1, 500, 'My plans changed.')),
  }),
  output: Booking,
  refusals: {
    ...stepRefusals,
    booking_over: refuse('booking_over', 409, 'The time of this booking has passed.'),
  },
  async run({ booking_id, reason = null }, { db }) {
    return db.one(sql`select * from booking.cancel(${booking_id}::uuid, ${reason}::text)`, Booking);
  },
});

export const handler = http(cancelBooking);
