import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { flag, id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { PublicReview, PublicRow, presentPage, rating } from './reviews.ts';

/** Lists what customers say of something that can be booked, newest first, to anybody. */
export const listResourceReviews = useCase({
  route: 'GET /api/v1/resources/{resource_id}/reviews',
  summary: 'List reviews of a resource',
  access: everyone(),
  // Less than the pictures' URLs work for.
  cache: { scope: 'public', max_age: 60 },
  input: z.strictObject({
    resource_id: id('resource'),
    rating: z.optional(rating),
    has_photos: z.optional(flag),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.iso.datetime(), z.uuid()]))),
  }),
  output: page(PublicReview),
  needs: ['stored-files'],
  async run({ resource_id, limit, cursor, ...wanted }, { db, now }) {
    const [at, after] = cursor ?? [null, null];
    const reviews = await db.page(
      sql`select * from reviews.of_resource(${resource_id}::uuid, ${wanted}::jsonb, ${at}::timestamptz, ${after}::uuid,
            ${limit + 1}::integer)`,
      PublicRow,
      limit,
      row => [row.opens_at, row.id],
    );
    return presentPage(reviews, now);
  },
});

export const handler = http(listResourceReviews);
