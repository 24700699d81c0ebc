import * as z from 'zod/mini';
import { instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { AccessToken } from './access-tokens.ts';

const Listed = z.extend(AccessToken, { last_used_at: z.nullable(instant) });

/** Lists the personal access tokens of a person, fifty at most. */
export const listAccessTokens = useCase({
  route: 'GET /api/v1/users/me/tokens',
  summary: 'List my personal access tokens',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Listed) }),
  async run(_input, { db, actor }) {
    const items = await db.many(
      sql`select id, name, abilities, expires_at, created_at, last_used_at
          from identity.personal_access_tokens
          where user_id = ${actor}::uuid
          order by id`,
      Listed,
    );
    return { items };
  },
});

export const handler = http(listAccessTokens);
