import * as z from 'zod/mini';
import { flag, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { present, Review, ReviewRow, reveal } from './reviews.ts';

/**
 * Flags, unpublishes or features a review, or takes that back; what is left out stays. A flagged or unpublished one is gone from lists
 * and ratings. It settles what was reported of it.
 */
export const moderateReview = useCase({
  route: 'PATCH /api/v1/admin/reviews/{review_id}',
  summary: 'Decide about a review',
  access: permitted('reviews.moderate'),
  input: z.strictObject({
    review_id: id('review'),
    is_flagged: z.optional(flag),
    is_published: z.optional(flag),
    is_featured: z.optional(flag),
    /** Read by the writer where the review is flagged, and kept in the audit log. */
    reason: text(1, 500, 'It names somebody’s telephone number.'),
  }),
  output: Review,
  refusals: {
    own_review: refuse('own_review', 409, 'Nobody decides about a review of their own, or of themselves.'),
    reviews_is_featured_check: refuse(
      'not_featurable',
      422,
      'What providers say of customers is not featured.',
      'is_featured',
    ),
  },
  needs: ['stored-files'],
  reveal,
  async run({ review_id, reason, ...changes }, { db, now }) {
    return present(
      await db.one(
        sql`select * from reviews.moderate(${review_id}::uuid, ${changes}::jsonb, ${reason}::text)`,
        ReviewRow,
      ),
      now,
    );
  },
});

export const handler = http(moderateReview);
