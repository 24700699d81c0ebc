import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, moveRequestRefusals } from './booking.ts';

/** Takes a request to move back for the booking's customer, before it is answered. */
export const withdrawMove = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/move-request/withdraw',
  summary: 'Withdraw a request to move a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking'), request_id: id('move_request') }),
  output: Booking,
  refusals: moveRequestRefusals,
  async run({ booking_id, request_id }, { db }) {
    return db.one(
      sql`select * from booking.withdraw_move(${booking_id}::uuid, ${request_id}::uuid)`,
      Booking,
    );
  },
});

export const handler = http(withdrawMove);
