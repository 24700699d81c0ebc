import * as z from 'zod/mini';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { Opened, outcome, Refused, suspended } from './identity.ts';
import { answerSignedIn } from './tokens.ts';

/** Seconds within which the second factor must be shown. */
const CHALLENGE_SECONDS = 300;

/** What `identity.come_in` answers: the outcomes of every way in, for the union of a use case's own. */
export const cameIn = [
  z.extend(Opened, { outcome: z.literal('signed_in') }),
  outcome('two_factor_required'),
  Refused,
] as const;

/** Refusals of every way in whose proof was right. */
export const comeInRefusals = {
  account_suspended: common.account_suspended,
  second_factor_required: refuse(
    'second_factor_required',
    401,
    'This account has a second factor. Show it with the challenge of this answer.',
  ),
};

type CameIn = z.output<(typeof cameIn)[number]>;

/**
 * The tokens of whoever came in. The token whose hash the database was given names a session, or the challenge of somebody who owes
 * the second factor. Needs 'token-signing' and 'sealing'.
 *
 * @throws Refusal second_factor_required with `challenge` and `expires_in`, or account_suspended
 */
export async function answerCameIn(came: CameIn, token: string, marketplace: string, now: Date) {
  if (came.outcome === 'account_suspended') throw suspended(came.suspension);
  if (came.outcome === 'signed_in') return answerSignedIn(came, token, marketplace, now);
  const facts = { challenge: token, expires_in: CHALLENGE_SECONDS };
  throw new Refusal(comeInRefusals.second_factor_required, { facts });
}
