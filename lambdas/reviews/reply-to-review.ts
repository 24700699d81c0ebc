import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { present, Review, ReviewRow, reveal } from './reviews.ts';

/** Answers a review for whom it is about, for everybody to read, in the place of an earlier answer. `null` takes it back. */
export const replyToReview = useCase({
  route: 'PUT /api/v1/reviews/{review_id}/reply',
  summary: 'Answer a review of me',
  access: signedIn(),
  input: z.strictObject({
    review_id: id('review'),
    reply: z.nullable(text(1, 2000, 'Thank you. Come again!')),
  }),
  output: Review,
  needs: ['stored-files'],
  reveal,
  async run({ review_id, reply }, { db, now }) {
    return present(
      await db.one(sql`select * from reviews.reply(${review_id}::uuid, ${reply}::text)`, ReviewRow),
      now,
    );
  },
});

export const handler = http(replyToReview);
