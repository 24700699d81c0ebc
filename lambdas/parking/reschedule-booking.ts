import * as z from 'zod/mini';
import { Booking } from '../booking/booking.ts';
import { amount, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { moveBooking, moveRefusals } from './moves.ts';

/**
 * Moves a parking booking of the caller's to another time, in place: at no moment is its time anybody else's. Where the owner agrees to
 * each booking it stays as it is, and its `move_request` waits for them.
 */
export const rescheduleBooking = useCase({
  route: 'POST /api/v1/parking/bookings/{booking_id}/reschedule',
  module: 'parking',
  summary: 'Move a parking booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    from: instant,
    to: instant,
    expected_total_amount: z._default(z.nullable(amount), null),
  }),
  output: Booking,
  refusals: moveRefusals,
  async run({ expected_total_amount, ...move }, context) {
    return moveBooking(context, move, expected_total_amount);
  },
});

export const handler = http(rescheduleBooking);
