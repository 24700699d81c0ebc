import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, contactUnproven, notRight, sixDigits, tryOf } from './codes.ts';
import { answerCameIn, cameIn, comeInRefusals } from './come-in.ts';
import { contactFields, exactlyOne, readContact } from './contact.ts';
import { SignedIn, signInPurpose } from './identity.ts';
import { newRefreshToken } from './tokens.ts';

const Verified = z.discriminatedUnion('outcome', [...cameIn, ...notRight]);

/**
 * Signs in with a one-time code, which also proves that the address or number is the person's own. Whoever proves it from outside of
 * the account, for the first time, is its owner from then on: what others had set up before is gone.
 */
export const verifyOtp = useCase({
  route: 'POST /api/v1/auth/verify-otp',
  summary: 'Sign in with a one-time code',
  access: everyone(),
  input: z.strictObject({ ...contactFields, code: sixDigits, purpose: signInPurpose }).check(...exactlyOne),
  output: SignedIn,
  refusals: { ...codeRefusals, ...contactUnproven, ...comeInRefusals },
  credentials: true,
  needs: ['token-signing', 'keyed-hash', 'sealing'],
  async run(input, { db, marketplace, now, bearer }) {
    const contact = await readContact(input, marketplace);
    const [tried, own] = await Promise.all([tryOf(contact, input.code), bearer()]);
    const refresh = newRefreshToken();
    const verified = await db.one(
      sql`select * from identity.verify_code(${tried.destination_hash}::text, ${tried.code_hash}::text, ${contact.email}::text,
            ${contact.phone_hash}::text, ${own?.session ?? null}::uuid, ${refresh.hash}::text)`,
      Verified,
    );
    if (
      verified.outcome === 'wrong_code' ||
      verified.outcome === 'code_expired' ||
      verified.outcome === 'contact_unproven'
    )
      throw codeRefusal(verified);
    return answerCameIn(verified, refresh.token, marketplace.slug, now);
  },
});

export const handler = http(verifyOtp);
