import * as z from 'zod/mini';
import { count, currency, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { providerGone, subjectStatus } from './money.ts';

const Tip = z.object({
  id: id('tip'),
  booking_id: id('booking'),
  amount: count(1, 1_000_000_000, 500),
  currency,
  status: subjectStatus,
  created_at: instant,
});

/** Says what the caller gives the provider of a completed booking beyond its price. It is paid for as its `tip_id`. */
export const tipBooking = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/tip',
  summary: 'Give a tip for a completed booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking'), amount: count(1, 1_000_000_000, 500) }),
  output: Tip,
  status: 201,
  refusals: {
    booking_not_completed: refuse('booking_not_completed', 409, 'A tip follows a completed booking.'),
    provider_gone: providerGone,
    tip_too_high: refuse('tip_too_high', 422, 'A tip is at most what the booking cost.', 'amount'),
    already_tipped: refuse('already_tipped', 409, 'This booking has its tip.'),
  },
  run: ({ booking_id, amount }, { db }) =>
    db.one(
      sql`
        select id, booking_id, amount, currency, status, created_at
        from money.open_tip(${booking_id}::uuid, ${amount}::bigint)`,
      Tip,
    ),
});

export const handler = http(tipBooking);
