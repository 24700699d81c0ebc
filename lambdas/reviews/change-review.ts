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
  tags,
} from './reviews.ts';

/** Changes the caller's review while its window is open, and a blind one only before it can be read. What is left out stays. */
export const changeReview = useCase({
  route: 'PATCH /api/v1/reviews/{review_id}',
  summary: 'Change my review',
  access: signedIn(),
  input: z.strictObject({
    review_id: id('review'),
    rating: z.optional(rating),
    review_text: z.optional(z.nullable(reviewText)),
    detail_ratings: z.optional(detailRatings),
    tags: z.optional(tags),
    photo_ids: z.optional(photoIds),
  }),
  output: Review,
  refusals: {
    ...contentRefusals,
    review_open: refuse(
      'review_open',
      409,
      'Both sides have been able to read this review: it stays as it is.',
    ),
  },
  needs: ['stored-files'],
  reveal,
  async run({ review_id, ...content }, { db, now }) {
    return present(
      await db.one(sql`select * from reviews.change(${review_id}::uuid, ${content}::jsonb)`, ReviewRow),
      now,
    );
  },
});

export const handler = http(changeReview);
