import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { count, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { present, Review, ReviewRow } from './reviews.ts';

const openReports = count(0, 1_000_000, 1);
const queue = z
  .enum(['reported', 'hidden', 'candidates', 'featured', 'all'])
  .check(z.meta({ examples: ['reported'] }));

/**
 * Lists reviews for those who moderate them, newest first: what was reported, what is hidden, what is or could be featured, or all
 * of them, blind ones included.
 */
export const listReviews = useCase({
  route: 'GET /api/v1/admin/reviews',
  summary: 'List reviews to moderate',
  access: permitted('reviews.moderate'),
  input: z.strictObject({
    queue: z._default(queue, 'reported'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(z.extend(Review, { open_reports: openReports })),
  needs: ['stored-files'],
  async run({ queue, limit, cursor }, { db, now }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select * from reviews.list_for_staff(${queue}::text, ${before}::uuid, ${limit + 1}::integer)`,
      z.object({ review: z.extend(ReviewRow, { open_reports: openReports }) }),
      limit,
      row => [row.review.id],
    );
    return { items: items.map(({ review }) => present(review, now)), next_cursor };
  },
});

export const handler = http(listReviews);
