import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Rating, side } from './reviews.ts';

/** Shows how a person is rated as a provider and as a customer. */
export const showPersonRating = useCase({
  route: 'GET /api/v1/users/{user_id}/rating',
  summary: 'Show the rating of a person',
  access: signedIn(),
  input: z.strictObject({ user_id: id('user') }),
  output: z.object({ as_customer: Rating, as_provider: Rating }),
  async run({ user_id }, { db }) {
    const rows = await db.many(
      sql`select * from reviews.ratings_of_person(${user_id}::uuid)`,
      z.extend(Rating, { role: side }),
    );
    const nothing = { rating: null, review_count: 0, counts: [] };
    const inRole = (role: string) => rows.find(row => row.role === role) ?? nothing;
    return { as_customer: inRole('customer'), as_provider: inRole('provider') };
  },
});

export const handler = http(showPersonRating);
