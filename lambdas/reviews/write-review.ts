import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import {
  contentRefusals,
  detailRatings,
  photoIds,
  present,
  Review,
  ReviewRow,
  rating,
  reveal,
  reviewText,
  reviewType,
  tags,
} from './reviews.ts';

/**
 * Writes what one side of a completed booking says of the other, once. Where both sides may write, nobody reads it before both have
 * or the window has closed: `opens_at` says when.
 */
export const writeReview = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/reviews',
  summary: 'Review a booking',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    booking_id: id('booking'),
    rating,
    /** What the caller takes it for: refused where the caller writes another kind. */
    review_type: z.optional(reviewType),
    review_text: z.optional(reviewText),
    detail_ratings: z.optional(detailRatings),
    tags: z.optional(tags),
    photo_ids: z.optional(photoIds),
  }),
  output: Review,
  refusals: {
    ...contentRefusals,
    not_completed: refuse('not_completed', 409, 'A booking is reviewed once it is completed.'),
    nothing_to_review: refuse('nothing_to_review', 409, 'Your side of this booking writes no review.'),
    reviews_booking_id_key: refuse('already_reviewed', 409, 'You have reviewed this booking.'),
    wrong_review_type: refuse(
      'wrong_review_type',
      422,
      'Your side of this booking writes another kind of review.',
      'review_type',
    ),
  },
  needs: ['stored-files'],
  reveal,
  async run({ booking_id, ...content }, { db, now }) {
    return present(
      await db.one(sql`select * from reviews.write(${booking_id}::uuid, ${content}::jsonb)`, ReviewRow),
      now,
    );
  },
});

export const handler = http(writeReview);
