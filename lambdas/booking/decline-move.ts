import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, moveRequestRefusals } from './booking.ts';

/** Declines a request to move for the booking's provider. What it held is free again at once, and the booking stands as it did. */
export const declineMove = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/move-request/decline',
  summary: 'Decline a request to move a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    request_id: id('move_request'),
    reason: z.optional(text(1, 500, 'I need the driveway myself then.')),
  }),
  output: Booking,
  refusals: moveRequestRefusals,
  async run({ booking_id, request_id, reason = null }, { db }) {
    return db.one(
      sql`select * from booking.decline_move(${booking_id}::uuid, ${request_id}::uuid, ${reason}::text)`,
      Booking,
    );
  },
});

export const handler = http(declineMove);
