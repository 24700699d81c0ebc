import * as z from 'zod/mini';
import { flag, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { present, Review, ReviewRow, reviewType } from './reviews.ts';

const facts = {
  /** What the caller's side writes; null where it writes nothing, or nothing yet. */
  review_type: z.nullable(reviewType),
  closes_at: z.nullable(instant),
  can_review: flag,
};

/** Shows the reviews of a booking to one of its sides: the own one, and the other once it can be read. */
export const showBookingReviews = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/reviews',
  summary: 'Show the reviews of a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: z.object({ ...facts, mine: z.nullable(Review), theirs: z.nullable(Review) }),
  needs: ['stored-files'],
  async run({ booking_id }, { db, now }) {
    const { mine, theirs, ...rest } = await db.one(
      sql`select * from reviews.of_booking(${booking_id}::uuid)`,
      z.object({ ...facts, mine: z.nullable(ReviewRow), theirs: z.nullable(ReviewRow) }),
    );
    return { ...rest, mine: mine && present(mine, now), theirs: theirs && present(theirs, now) };
  },
});

export const handler = http(showBookingReviews);
