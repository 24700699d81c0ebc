import * as z from 'zod/mini';
import { refuse } from '../kernel/refusal.ts';
import { unseal } from '../kernel/seal.ts';
import { sixDigits } from './codes.ts';
import { hashRecoveryCode } from './recovery-codes.ts';
import { aboutSecret, recoveryCode, stepOf } from './totp.ts';

/** The fields by which somebody shows a second factor. */
export const secondFactorFields = { code: z.optional(sixDigits), recovery_code: z.optional(recoveryCode) };

type Shown = { code?: string; recovery_code?: string };

/** What the database settles: the step of a code that fitted, or the hash of a recovery code. */
type SecondFactor = { step: number | null; recovery_hash: string | null };

/**
 * Judges what was shown. A recovery code is only hashed here, the database knows whether it is good. Needs 'sealing'.
 *
 * @param sealed the secret as it is stored
 */
export async function readSecondFactor(
  shown: Shown,
  sealed: string | null,
  userId: string,
  now: Date,
): Promise<SecondFactor> {
  if (shown.recovery_code !== undefined)
    return { step: null, recovery_hash: hashRecoveryCode(shown.recovery_code) };
  if (shown.code === undefined || sealed === null) return { step: null, recovery_hash: null };
  const secret = await unseal(sealed, aboutSecret(userId));
  return { step: stepOf(secret, shown.code, now), recovery_hash: null };
}

/** Refusals of the routes that switch a second factor on and off. */
export const twoFactorRefusals = {
  two_factor_on: refuse('two_factor_on', 409, 'The second factor is on already.'),
  two_factor_off: refuse('two_factor_off', 409, 'There is no second factor to confirm or to switch off.'),
};
