import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, notRight, sixDigits } from './codes.ts';
import { anyPassword, limits, outcome, password } from './identity.ts';
import { newPasswordHash, passwordRefusals } from './password-rules.ts';
import { beginProof, codeRequired, stepUp } from './step-up.ts';

const refusals = {
  wrong_password: refuse('wrong_password', 400, 'The current password is wrong.', 'current_password'),
  code_required: codeRequired('set_password'),
  ...codeRefusals,
  ...passwordRefusals,
  ...limits,
};

const Settled = z.discriminatedUnion('outcome', [outcome('changed'), outcome('wrong_password'), ...notRight]);

/**
 * Changes the password, and ends every other session. Whoever has signed in with codes only shows one more with the first password: a
 * session that somebody else got hold of must not become a lasting key.
 */
export const changePassword = useCase({
  route: 'PUT /api/v1/users/me/password',
  summary: 'Change my password',
  access: signedIn(),
  status: 204,
  input: z.strictObject({
    current_password: z.optional(anyPassword),
    code: z.optional(sixDigits),
    password,
  }),
  output: z.void(),
  refusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing'],
  async run(input, { db, session, marketplace }) {
    const proof = await beginProof(db);
    const shown = { password: input.current_password, code: input.code };
    const { isRight, codes } = await stepUp(shown, proof, refusals.code_required, marketplace);
    const about = [proof.full_name, proof.email, marketplace.name];
    const hash = isRight ? await newPasswordHash(input.password, about) : null;
    const settled = await db.one(
      sql`select * from identity.settle_password(${session}::uuid, ${hash}::text, ${codes}::jsonb)`,
      Settled,
    );
    if (settled.outcome === 'wrong_password') throw new Refusal(refusals.wrong_password);
    if (settled.outcome !== 'changed') throw codeRefusal(settled);
  },
});

export const handler = http(changePassword);
