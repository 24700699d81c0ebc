import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Notes for the provider that the customer did not come, once the grace of the booking's policy is over. */
export const markNoShow = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/no-show',
  summary: 'Mark a customer as not arrived',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    reason: z.optional(text(1, 500, 'Nobody came.')),
  }),
  output: Booking,
  refusals: stepRefusals,
  async run({ booking_id, reason = null }, { db }) {
    return db.one(sql`select * from booking.mark_no_show(${booking_id}::uuid, ${reason}::text)`, Booking);
  },
});

export const handler = http(markNoShow);
