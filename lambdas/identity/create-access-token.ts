import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { hashPersonalToken, mintPersonalToken } from '../kernel/personal-token.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { AccessToken, abilities } from './access-tokens.ts';

/** Makes a token for a script of the person's own. It is shown this once. */
export const createAccessToken = useCase({
  route: 'POST /api/v1/users/me/tokens',
  summary: 'Make a personal access token',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    name: text(1, 100, 'Nightly export'),
    abilities,
    expires_at: z.optional(instant),
  }),
  output: z.extend(AccessToken, {
    token: text(90, 90, `vct_AZoOXHseDDqdLk9qiwweHgGaDlx7Hgw6nS5PaosMHh4${'x'.repeat(43)}`),
  }),
  refusals: {
    too_many_tokens: refuse('too_many_tokens', 409, 'Fifty tokens are the most. Delete one first.'),
  },
  credentials: true,
  async run(input, { db, actor, session, now }) {
    if (input.expires_at !== undefined && Date.parse(input.expires_at) <= now.getTime()) throw past();
    const id = randomUUID();
    const token = mintPersonalToken(actor, id);
    const made = await db.one(
      sql`select * from identity.create_access_token(${id}::uuid, ${session}::uuid, ${input.name}::text,
            ${hashPersonalToken(token)}::text, ${[...new Set(input.abilities)]}::jsonb,
            ${input.expires_at ?? null}::timestamptz)`,
      AccessToken,
    );
    return { ...made, token };
  },
});

function past(): Refusal {
  return new Refusal(common.invalid_input, {
    errors: [{ field: 'expires_at', code: 'too_small', message: 'must lie in the future' }],
  });
}

export const handler = http(createAccessToken);
