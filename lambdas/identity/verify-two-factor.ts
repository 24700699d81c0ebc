import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { codeRefusals } from './codes.ts';
import { answerCameIn, cameIn } from './come-in.ts';
import { accountSuspended, limits, outcome, refreshToken, SignedIn, tooManyAttempts } from './identity.ts';
import { readSecondFactor, secondFactorFields } from './second-factor.ts';
import { hashToken, newRefreshToken } from './tokens.ts';

const refusals = {
  wrong_code: codeRefusals.wrong_code,
  challenge_expired: refuse(
    'challenge_expired',
    410,
    'This sign-in has run out. Begin it again.',
    'challenge',
  ),
  ...accountSuspended,
  ...limits,
};

const Begun = z.object({
  retry_after: z.nullable(z.int()),
  user_id: z.nullable(z.uuid()),
  secret: z.nullable(z.string()),
  attempts_left: z.nullable(z.int()),
});

const Settled = z.discriminatedUnion('outcome', [
  ...cameIn,
  outcome('wrong_code'),
  outcome('challenge_expired'),
]);

/** Finishes a sign-in with a code of the authenticator app, or with a recovery code. */
export const verifyTwoFactor = useCase({
  route: 'POST /api/v1/auth/two-factor/verify',
  summary: 'Sign in with the second factor',
  access: everyone(),
  input: z.strictObject({ challenge: refreshToken, ...secondFactorFields }).check(
    z.refine(({ code, recovery_code }) => (code === undefined) !== (recovery_code === undefined), {
      error: 'give either a code or a recovery code',
      path: ['code'],
    }),
  ),
  output: SignedIn,
  refusals,
  credentials: true,
  needs: ['token-signing', 'sealing'],
  async run(input, { db, marketplace, now }) {
    const challenge = hashToken(input.challenge);
    const begun = await db.one(sql`select * from identity.begin_challenge(${challenge}::text)`, Begun);
    if (begun.retry_after !== null) throw tooManyAttempts(begun.retry_after);
    if (begun.user_id === null) throw new Refusal(refusals.challenge_expired);
    const { step, recovery_hash } = await readSecondFactor(input, begun.secret, begun.user_id, now);
    const refresh = newRefreshToken();
    const settled = await db.one(
      sql`select * from identity.settle_challenge(${challenge}::text, ${step}::bigint, ${recovery_hash}::text,
            ${refresh.hash}::text)`,
      Settled,
    );
    if (settled.outcome === 'wrong_code') throw wrongCode(begun.attempts_left ?? 0);
    if (settled.outcome === 'challenge_expired') throw new Refusal(refusals.challenge_expired);
    return answerCameIn(settled, refresh.token, marketplace.slug, now);
  },
});

function wrongCode(attemptsLeft: number): Refusal {
  return new Refusal(refusals.wrong_code, { facts: { attempts_left: attemptsLeft } });
}

export const handler = http(verifyTwoFactor);
