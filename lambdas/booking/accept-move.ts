import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { acceptedMoveRefusals, Booking } from './booking.ts';

/** Accepts a request to move for the booking's provider, as long as it has not expired. The booking moves in place. */
export const acceptMove = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/move-request/accept',
  summary: 'Accept a request to move a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    /** Of the request that the provider has seen: another one may have taken its place. */
    request_id: id('move_request'),
  }),
  output: Booking,
  refusals: acceptedMoveRefusals,
  async run({ booking_id, request_id }, { db }) {
    return db.one(sql`select * from booking.accept_move(${booking_id}::uuid, ${request_id}::uuid)`, Booking);
  },
});

export const handler = http(acceptMove);
