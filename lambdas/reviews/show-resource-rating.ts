import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Rating } from './reviews.ts';

/** Shows how customers rate something that can be booked, to anybody. */
export const showResourceRating = useCase({
  route: 'GET /api/v1/resources/{resource_id}/rating',
  summary: 'Show the rating of a resource',
  access: everyone(),
  cache: { scope: 'public', max_age: 60 },
  input: z.strictObject({ resource_id: id('resource') }),
  output: Rating,
  async run({ resource_id }, { db }) {
    return db.one(sql`select * from reviews.rating_of_resource(${resource_id}::uuid)`, Rating);
  },
});

export const handler = http(showResourceRating);
