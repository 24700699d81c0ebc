import { Secret, TOTP } from 'otpauth';
import * as z from 'zod/mini';

/**
 * Codes of authenticator apps: RFC 6238 with the parameters that every app knows, SHA-1, six digits, 30 seconds. The
 * secret is 160 bits, as RFC 4226 asks.
 */
export const newSecret = () => new Secret({ size: 20 }).base32;

/** What the QR code of an authenticator app holds: `otpauth://totp/…`. */
export const otpauthUrl = (secret: string, issuer: string, label: string) =>
  new TOTP({ secret: Secret.fromBase32(secret), issuer, label }).toString();

/** The 30-second step of a code, or null where it is none of the present, the last or the next one: clocks differ. */
export function stepOf(secret: string, code: string, now: Date): number | null {
  const totp = new TOTP({ secret: Secret.fromBase32(secret) });
  const timestamp = now.getTime();
  const delta = totp.validate({ token: code, timestamp, window: 1 });
  return delta === null ? null : totp.counter({ timestamp }) + delta;
}

/** What a secret is sealed as. */
export const aboutSecret = (userId: string) => `identity.users.two_factor_secret/${userId}`;

/** A single-use code for whoever has lost the authenticator, as it was shown; capitals and dashes make no difference. */
export const recoveryCode = z.string().check(
  z.overwrite(value => value.toLowerCase().replaceAll(/[\s-]/g, '')),
  z.regex(/^[a-z2-9]{16}$/, { error: 'must be a recovery code' }),
  z.meta({ examples: ['k7mx-29qd-hp4w-zt8c'] }),
);
