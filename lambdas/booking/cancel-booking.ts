import * as z from 'zod/mini';
import { amount, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/**
 * Cancels a booking for its customer or its provider, where its flow lets them: with the refund that the quote tells, line by
 * line. Its time is free again at once.
 */
export const cancelBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/cancel',
  summary: 'Cancel a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    reason: z.optional(text(1, 500, 'My plans changed.')),
    /** The refund that the quote told. Another one is refused. */
    expected_refund_amount: z.optional(amount),
  }),
  output: Booking,
  refusals: {
    ...stepRefusals,
    booking_over: refuse('booking_over', 409, 'The time of this booking has passed.'),
    refund_changed: refuse(
      'refund_changed',
      409,
      'Cancelling returns another amount by now. Ask for the quote again.',
      'expected_refund_amount',
    ),
  },
  async run({ booking_id, reason = null, expected_refund_amount = null }, { db }) {
    return db.one(
      sql`
        select * from booking.cancel(${booking_id}::uuid, ${reason}::text, ${expected_refund_amount}::bigint)`,
      Booking,
    );
  },
});

export const handler = http(cancelBooking);
