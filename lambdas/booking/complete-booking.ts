import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Ends a running booking, for either party as its flow lets them. A stay longer than agreed and its grace becomes a line of the price. */
export const completeBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/complete',
  summary: 'Complete a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Booking,
  refusals: stepRefusals,
  async run({ booking_id }, { db }) {
    return db.one(sql`select * from booking.complete(${booking_id}::uuid)`, Booking);
  },
});

export const handler = http(completeBooking);
