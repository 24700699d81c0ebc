import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { PublicReview, PublicRow, presentPage } from './reviews.ts';

/** Lists the reviews that staff show on the front page, newest first, to anybody. */
export const listFeaturedReviews = useCase({
  route: 'GET /api/v1/reviews/featured',
  summary: 'List featured reviews',
  access: everyone(),
  cache: { scope: 'public', max_age: 60 },
  input: z.strictObject({
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.iso.datetime(), z.uuid()]))),
  }),
  output: page(PublicReview),
  needs: ['stored-files'],
  async run({ limit, cursor }, { db, now }) {
    const [at, after] = cursor ?? [null, null];
    const reviews = await db.page(
      sql`select * from reviews.featured(${at}::timestamptz, ${after}::uuid, ${limit + 1}::integer)`,
      PublicRow,
      limit,
      row => [row.opens_at, row.id],
    );
    return presentPage(reviews, now);
  },
});

export const handler = http(listFeaturedReviews);
