import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Consent } from './privacy.ts';

/** Lists what a person has answered last to each purpose. A purpose that is missing was never asked. */
export const listConsents = useCase({
  route: 'GET /api/v1/users/me/consents',
  summary: 'List my consents',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Consent) }),
  async run(_input, { db, actor }) {
    const items = await db.many(
      sql`select distinct on (purpose) purpose, version, is_given, created_at
          from privacy.consents
          where user_id = ${actor}::uuid
          order by purpose, id desc`,
      Consent,
    );
    return { items };
  },
});

export const handler = http(listConsents);
