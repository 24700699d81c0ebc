import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { anyPassword, limits, password, tooManyAttempts } from './identity.ts';
import { newPasswordHash, passwordRefusals } from './password-rules.ts';
import { verifyPassword } from './passwords.ts';
import { Proof } from './second-factor.ts';

const refusals = {
  wrong_password: refuse('wrong_password', 400, 'The current password is wrong.', 'current_password'),
  ...passwordRefusals,
  ...limits,
};

/** Changes the password, and ends every other session. Whoever has signed in with codes only sets a first one without another. */
export const changePassword = useCase({
  route: 'PUT /api/v1/users/me/password',
  summary: 'Change my password',
  access: signedIn(),
  status: 204,
  input: z.strictObject({ current_password: z.optional(anyPassword), password }),
  output: z.void(),
  refusals,
  credentials: true,
  async run(input, { db, session, marketplace }) {
    const proof = await db.one(sql`select * from identity.begin_proof()`, Proof);
    if (proof.retry_after !== null) throw tooManyAttempts(proof.retry_after);
    const right =
      proof.password_hash === null ||
      (await verifyPassword(input.current_password ?? '', proof.password_hash));
    const about = [proof.full_name, proof.email, marketplace.name];
    const hash = right ? await newPasswordHash(input.password, about) : null;
    const { outcome } = await db.one(
      sql`select * from identity.settle_password(${session}::uuid, ${hash}::text)`,
      z.object({ outcome: z.enum(['changed', 'wrong_password']) }),
    );
    if (outcome === 'wrong_password') throw new Refusal(refusals.wrong_password);
  },
});

export const handler = http(changePassword);
