import * as z from 'zod/mini';
import { amount, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { readMove } from './moves.ts';
import { reasons } from './reasons.ts';
import { Quote, quoteOf } from './terms.ts';

/**
 * Says what a parking booking would cost at another time, and every reason why it cannot be moved there. With `to` alone it is
 * about a longer or shorter stay, at the rates that were agreed.
 */
export const quoteMove = useCase({
  route: 'POST /api/v1/parking/bookings/{booking_id}/quote',
  module: 'parking',
  summary: 'Ask what moving a parking booking costs',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking'), from: z.optional(instant), to: z.optional(instant) }),
  output: z.extend(Quote, {
    /** What is to be paid for the booking as it stands. */
    booked_total_amount: amount,
  }),
  refusals: { ends_before_start: reasons.ends_before_start, too_long: reasons.too_long },
  async run({ booking_id, from = null, to = null }, { db, marketplace }) {
    const terms = await readMove(db, { booking_id, from, to }, marketplace.fees.customer_basis_points);
    const { starts_at, ends_at, booking } = terms;
    return {
      ...quoteOf(terms, { starts_at, ends_at }, booking.policy),
      booked_total_amount: booking.total_amount,
    };
  },
});

export const handler = http(quoteMove);
