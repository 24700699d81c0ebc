import * as z from 'zod/mini';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusals, sixDigits } from './codes.ts';
import { limits } from './identity.ts';
import { newRecoveryCodes } from './recovery-codes.ts';
import { readSecondFactor, twoFactorRefusals } from './second-factor.ts';
import { beginProof } from './step-up.ts';

const refusals = {
  wrong_code: codeRefusals.wrong_code,
  step_up_required: refuse(
    'step_up_required',
    403,
    'The second factor was begun in another session, or more than ten minutes ago. Begin it again.',
  ),
  ...twoFactorRefusals,
  ...limits,
};

/**
 * Switches the second factor on, by a first code of the app, in the session that has begun it and shown the password or a code for it.
 * The recovery codes are shown this once.
 */
export const confirmTwoFactor = useCase({
  route: 'POST /api/v1/auth/two-factor/confirm',
  summary: 'Switch the second factor on',
  access: signedIn(),
  input: z.strictObject({ code: sixDigits }),
  output: z.object({ recovery_codes: z.array(text(19, 19, 'k7mx-29qd-hp4w-zt8c')) }),
  refusals,
  credentials: true,
  needs: ['sealing'],
  async run(input, { db, actor, session, now }) {
    const proof = await beginProof(db);
    if (proof.confirmed) throw new Refusal(refusals.two_factor_on);
    if (proof.secret === null) throw new Refusal(refusals.two_factor_off);
    const { step } = await readSecondFactor(input, proof.secret, actor, now);
    const { codes, hashes } = newRecoveryCodes();
    const { outcome } = await db.one(
      sql`select * from identity.confirm_two_factor(${session}::uuid, ${step}::bigint, ${hashes}::jsonb)`,
      z.object({ outcome: z.enum(['confirmed', 'wrong_code']) }),
    );
    if (outcome === 'wrong_code') throw new Refusal(refusals.wrong_code);
    return { recovery_codes: codes };
  },
});

export const handler = http(confirmTwoFactor);
