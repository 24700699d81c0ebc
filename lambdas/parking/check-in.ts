import * as z from 'zod/mini';
import { Booking, presenceRefusals, stepRefusals } from '../booking/booking.ts';
import { id, place, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeIn, readCode } from './access.ts';

const wrongCode = refuse('access_code_wrong', 422, 'This is not the code of this booking.', 'access_code');

const refusals = {
  ...stepRefusals,
  ...presenceRefusals,
  booking_not_confirmed: refuse('booking_not_confirmed', 409, 'This booking is not confirmed yet.'),
  access_code_wrong: wrongCode,
  position_of_driver: refuse(
    'position_of_driver',
    422,
    'Only the driver checks in by position. Ask for the code.',
    'position',
  ),
};

/**
 * Checks a driver in, by the code or the QR code of the booking or by where the driver is. The owner of the space does it by the code
 * that the driver shows. The first time begins the booking; every time is noted in its timeline.
 */
export const checkIn = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/check-in',
  module: 'parking',
  summary: 'Check in to a parking booking',
  access: signedIn(),
  // Of several proofs the first one counts, in this order.
  input: z.strictObject({
    booking_id: id('booking'),
    access_code: z.optional(text(1, 40, '7K2QX9M4TD')),
    qr_code: z.optional(
      text(
        1,
        300,
        'vicinity://driveway/bookings/019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e/check-in?code=7K2QX9M4TD',
      ),
    ),
    position: z.optional(place),
  }),
  output: Booking,
  refusals,
  async run({ booking_id, access_code, qr_code, position }, { db, marketplace }) {
    const scanned =
      access_code === undefined && qr_code !== undefined
        ? codeIn(qr_code, marketplace.slug, booking_id)
        : undefined;
    const code = access_code ?? scanned;
    if (code === undefined && qr_code !== undefined) throw new Refusal(wrongCode);
    if (code === undefined && position === undefined) throw new Refusal(presenceRefusals.position_required);
    const proof =
      code === undefined ? position : { by: access_code === undefined ? 'qr' : 'code', code: readCode(code) };
    return db.one(sql`select * from parking.check_in(${booking_id}::uuid, ${proof}::jsonb)`, Booking);
  },
});

export const handler = http(checkIn);
