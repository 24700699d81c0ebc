import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PublicReview, PublicRow, presentPage, side } from './reviews.ts';

/** Lists what was said of a person, newest first: of the provider, of the customer, or of both. */
export const listPersonReviews = useCase({
  route: 'GET /api/v1/users/{user_id}/reviews',
  summary: 'List reviews of a person',
  access: signedIn(),
  input: z.strictObject({
    user_id: id('user'),
    /** As what the person is reviewed. */
    role: z.optional(side),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.iso.datetime(), z.uuid()]))),
  }),
  output: page(PublicReview),
  needs: ['stored-files'],
  async run({ user_id, role = null, limit, cursor }, { db, now }) {
    const [at, after] = cursor ?? [null, null];
    const reviews = await db.page(
      sql`select * from reviews.of_person(${user_id}::uuid, ${role}::text, ${at}::timestamptz, ${after}::uuid,
            ${limit + 1}::integer)`,
      PublicRow,
      limit,
      row => [row.opens_at, row.id],
    );
    return presentPage(reviews, now);
  },
});

export const handler = http(listPersonReviews);
