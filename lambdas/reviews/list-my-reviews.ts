import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { presentPage, Review, ReviewRow } from './reviews.ts';

const direction = z.enum(['written', 'received']).check(z.meta({ examples: ['received'] }));

/** Lists what the caller has written, or what was written about the caller and can be read, newest first. */
export const listMyReviews = useCase({
  route: 'GET /api/v1/users/me/reviews',
  summary: 'List my reviews',
  access: signedIn(),
  input: z.strictObject({
    direction: z._default(direction, 'received'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.iso.datetime(), z.uuid()]))),
  }),
  output: page(Review),
  needs: ['stored-files'],
  async run({ direction, limit, cursor }, { db, now }) {
    const [at, after] = cursor ?? [null, null];
    const reviews = await db.page(
      sql`select * from reviews.mine(${direction}::text, ${at}::timestamptz, ${after}::uuid, ${limit + 1}::integer)`,
      ReviewRow,
      limit,
      row => [row.opens_at, row.id],
    );
    return presentPage(reviews, now);
  },
});

export const handler = http(listMyReviews);
