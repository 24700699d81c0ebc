import * as z from 'zod/mini';
import { Booking } from '../booking/booking.ts';
import { amount, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { moveBooking, moveRefusals } from './moves.ts';

/**
 * Gives a parking booking of the caller's another end, also once it has begun, at the rates that were agreed. Where the owner agrees to
 * each booking a later end waits for them, as the booking's `move_request`.
 */
export const extendBooking = useCase({
  route: 'POST /api/v1/parking/bookings/{booking_id}/extend',
  module: 'parking',
  summary: 'Extend a parking booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    to: instant,
    expected_total_amount: z._default(z.nullable(amount), null),
  }),
  output: Booking,
  refusals: moveRefusals,
  async run({ booking_id, to, expected_total_amount }, context) {
    const move = { booking_id, from: null, to };
    return moveBooking(context, move, expected_total_amount);
  },
});

export const handler = http(extendBooking);
