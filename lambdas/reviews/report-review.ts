import * as z from 'zod/mini';
import { id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const reason = z
  .enum(['offensive', 'false', 'private_information', 'spam', 'other'])
  .check(z.meta({ examples: ['private_information'] }));
const notes = text(1, 500, 'It names my telephone number.');

const Report = z.object({
  id: id('report'),
  review_id: id('review'),
  reason,
  notes: z.nullable(notes),
  created_at: instant,
});

/** Tells staff of a review that should not stand there. It stays until they have decided. */
export const reportReview = useCase({
  route: 'POST /api/v1/reviews/{review_id}/reports',
  summary: 'Report a review',
  access: signedIn(),
  status: 201,
  input: z.strictObject({ review_id: id('review'), reason, notes: z.optional(notes) }),
  output: Report,
  refusals: {
    own_review: refuse('own_review', 409, 'This review is yours: take it back instead.'),
    reports_review_id_key: refuse('already_reported', 409, 'You have reported this review.'),
  },
  async run({ review_id, reason, notes = null }, { db }) {
    return db.one(
      sql`select * from reviews.report(${review_id}::uuid, ${reason}::text, ${notes}::text)`,
      Report,
    );
  },
});

export const handler = http(reportReview);
