import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { anyPassword, limits } from './identity.ts';
import { verifyPassword } from './passwords.ts';
import { readSecondFactor, secondFactorFields, twoFactorRefusals } from './second-factor.ts';
import { beginProof } from './step-up.ts';

const refusals = {
  wrong_proof: refuse('wrong_proof', 400, 'The password or the code is wrong.'),
  two_factor_off: twoFactorRefusals.two_factor_off,
  ...limits,
};

/** Switches the second factor off, for whoever shows the password, a code of the app or a recovery code. */
export const disableTwoFactor = useCase({
  // No DELETE: its fields would travel in the address, which others log.
  route: 'POST /api/v1/auth/two-factor/disable',
  summary: 'Switch the second factor off',
  access: signedIn(),
  status: 204,
  input: z.strictObject({ password: z.optional(anyPassword), ...secondFactorFields }).check(
    z.refine(({ password, code, recovery_code }) => [password, code, recovery_code].some(Boolean), {
      error: 'give the password, a code or a recovery code',
      path: ['password'],
    }),
  ),
  output: z.void(),
  refusals,
  credentials: true,
  needs: ['sealing'],
  async run(input, { db, actor, now }) {
    const proof = await beginProof(db);
    if (!proof.confirmed) throw new Refusal(refusals.two_factor_off);
    const knows = input.password !== undefined && (await verifyPassword(input.password, proof.password_hash));
    const { step, recovery_hash } = await readSecondFactor(input, proof.secret, actor, now);
    const { outcome } = await db.one(
      sql`select * from identity.stop_two_factor(${knows}::boolean, ${step}::bigint, ${recovery_hash}::text)`,
      z.object({ outcome: z.enum(['disabled', 'wrong_proof']) }),
    );
    if (outcome === 'wrong_proof') throw new Refusal(refusals.wrong_proof);
  },
});

export const handler = http(disableTwoFactor);
