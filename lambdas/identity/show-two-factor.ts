import * as z from 'zod/mini';
import { instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusals } from './codes.ts';
import { limits, outcome } from './identity.ts';
import { readSecondFactor, secondFactorFields, twoFactorRefusals } from './second-factor.ts';
import { beginProof } from './step-up.ts';

const refusals = {
  wrong_code: codeRefusals.wrong_code,
  two_factor_off: twoFactorRefusals.two_factor_off,
  ...limits,
};

const Settled = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('shown'), fresh_until: instant }),
  outcome('wrong_code'),
]);

/** Shows the second factor once more in this session: what staff do with other people's money takes one of the last hour. */
export const showTwoFactor = useCase({
  route: 'POST /api/v1/auth/two-factor/step-up',
  summary: 'Show the second factor again',
  access: signedIn(),
  input: z.strictObject(secondFactorFields).check(
    z.refine(({ code, recovery_code }) => (code === undefined) !== (recovery_code === undefined), {
      error: 'give either a code or a recovery code',
      path: ['code'],
    }),
  ),
  /** Until when it counts. */
  output: z.object({ fresh_until: instant }),
  refusals,
  credentials: true,
  needs: ['sealing'],
  async run(input, { db, actor, session, now }) {
    const proof = await beginProof(db);
    if (!proof.confirmed) throw new Refusal(refusals.two_factor_off);
    const { step, recovery_hash } = await readSecondFactor(input, proof.secret, actor, now);
    const settled = await db.one(
      sql`select * from identity.show_two_factor(${session}::uuid, ${step}::bigint, ${recovery_hash}::text)`,
      Settled,
    );
    if (settled.outcome === 'wrong_code') throw new Refusal(refusals.wrong_code);
    return { fresh_until: settled.fresh_until };
  },
});

export const handler = http(showTwoFactor);
