import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { hashPersonalToken, mintPersonalToken } from '../kernel/personal-token.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { AccessToken, abilities } from './access-tokens.ts';
import { codeRefusal, codeRefusals, notRight, sixDigits } from './codes.ts';
import { anyPassword, limits, outcome, wrongPassword } from './identity.ts';
import { beginProof, codeRequired, stepUp } from './step-up.ts';

const refusals = {
  too_many_tokens: refuse('too_many_tokens', 409, 'Fifty tokens are the most. Delete one first.'),
  wrong_password: wrongPassword,
  code_required: codeRequired('create_token'),
  ...codeRefusals,
  ...limits,
};

const Settled = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('created'), token: AccessToken }),
  outcome('wrong_password'),
  ...notRight,
]);

/**
 * Makes a token for a script of the person's own, which is shown this once, for whoever shows the password or, without one, a fresh
 * code: a session that somebody else got hold of must not become a key that outlives it.
 */
export const createAccessToken = useCase({
  route: 'POST /api/v1/users/me/tokens',
  summary: 'Make a personal access token',
  access: signedIn(),
  status: 201,
  input: z.strictObject({
    name: text(1, 100, 'Nightly export'),
    abilities,
    expires_at: z.optional(instant),
    password: z.optional(anyPassword),
    code: z.optional(sixDigits),
  }),
  output: z.extend(AccessToken, {
    token: text(90, 90, `vct_AZoOXHseDDqdLk9qiwweHgGaDlx7Hgw6nS5PaosMHh4${'x'.repeat(43)}`),
  }),
  refusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  async run(input, { db, actor, session, marketplace, now }) {
    if (input.expires_at !== undefined && Date.parse(input.expires_at) <= now.getTime()) throw past();
    const { isRight, codes } = await stepUp(input, await beginProof(db), refusals.code_required, marketplace);
    const id = randomUUID();
    const token = mintPersonalToken(actor, id);
    const settled = await db.one(
      sql`select * from identity.create_access_token(${id}::uuid, ${session}::uuid, ${input.name}::text,
            ${hashPersonalToken(token)}::text, ${[...new Set(input.abilities)]}::jsonb,
            ${input.expires_at ?? null}::timestamptz, ${isRight}::boolean, ${codes}::jsonb)`,
      Settled,
    );
    if (settled.outcome === 'wrong_password') throw new Refusal(refusals.wrong_password);
    if (settled.outcome !== 'created') throw codeRefusal(settled);
    return { ...settled.token, token };
  },
});

function past(): Refusal {
  return new Refusal(common.invalid_input, {
    errors: [{ field: 'expires_at', code: 'too_small', message: 'must lie in the future' }],
  });
}

export const handler = http(createAccessToken);
