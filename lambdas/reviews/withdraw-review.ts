import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Takes the caller's review back: it is gone from every list and rating, and there is no second one. */
export const withdrawReview = useCase({
  route: 'DELETE /api/v1/reviews/{review_id}',
  summary: 'Take my review back',
  access: signedIn(),
  input: z.strictObject({ review_id: id('review') }),
  output: z.void(),
  status: 204,
  async run({ review_id }, { db }) {
    await db.execute(sql`select reviews.withdraw(${review_id}::uuid)`);
  },
});

export const handler = http(withdrawReview);
