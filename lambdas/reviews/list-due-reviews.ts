import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { reviewType } from './reviews.ts';

const DueReview = z.object({
  booking_id: id('booking'),
  number: text(1, 20, 'DRV-2026-000001'),
  module: text(1, 40, 'parking'),
  resource_id: id('resource'),
  resource_name: text(1, 200, 'Driveway near Dolores Park'),
  review_type: reviewType,
  starts_at: instant,
  ends_at: instant,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  /** Until when it can be written. */
  closes_at: instant,
});

/** Lists the bookings that wait for the caller's review, the one that closes first before the others. */
export const listDueReviews = useCase({
  route: 'GET /api/v1/users/me/reviews/due',
  summary: 'List bookings that I can review',
  access: signedIn(),
  input: z.strictObject({
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.iso.datetime(), z.uuid()]))),
  }),
  output: page(DueReview),
  async run({ limit, cursor }, { db }) {
    const [at, after] = cursor ?? [null, null];
    return db.page(
      sql`select * from reviews.due(${at}::timestamptz, ${after}::uuid, ${limit + 1}::integer)`,
      DueReview,
      limit,
      row => [row.closes_at, row.booking_id],
    );
  },
});

export const handler = http(listDueReviews);
