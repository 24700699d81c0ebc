import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { CancellationQuote } from './booking.ts';

/** Tells a party what cancelling would return at this moment, line by line, and until when that holds. */
export const quoteCancellation = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/cancellation-quote',
  summary: 'Quote a cancellation',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: CancellationQuote,
  async run({ booking_id }, { db }) {
    return db.one(
      sql`
        select q.* from jsonb_to_record(booking.cancellation_quote(${booking_id}::uuid)) as q (
          booking_id uuid, version integer, party text, allowed boolean, currency text, total_amount bigint,
          refund_percent integer, refund_amount bigint, kept_amount bigint, refund_items jsonb, valid_until timestamptz)`,
      CancellationQuote,
    );
  },
});

export const handler = http(quoteCancellation);
