import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { hashCode, hashDestination } from './codes.ts';
import { contactFields, exactlyOne, readContact } from './contact.ts';
import { accountSuspended, codePurpose, Opened, SignedIn } from './identity.ts';
import { answerSignedIn, newRefreshToken } from './tokens.ts';

const refusals = {
  wrong_code: refuse('wrong_code', 400, 'The code is wrong.', 'code'),
  code_expired: refuse('code_expired', 410, 'No code is waiting here any more. Ask for a new one.', 'code'),
  ...accountSuspended,
};

const Verified = z.discriminatedUnion('outcome', [
  z.extend(Opened, { outcome: z.literal('signed_in') }),
  z.object({ outcome: z.literal('wrong_code'), attempts_left: z.int() }),
  z.object({ outcome: z.enum(['code_expired', 'account_suspended']) }),
]);

/** Signs in with a one-time code, which also proves that the address or number is the person's own. */
export const verifyOtp = useCase({
  route: 'POST /api/v1/auth/verify-otp',
  summary: 'Sign in with a one-time code',
  access: everyone(),
  input: z
    .strictObject({
      ...contactFields,
      code: z
        .string()
        .check(z.regex(/^\d{6}$/, { error: 'must be six digits' }), z.meta({ examples: ['042137'] })),
      purpose: codePurpose,
    })
    .check(...exactlyOne),
  output: SignedIn,
  refusals,
  credentials: true,
  needs: ['token-signing', 'keyed-hash'],
  async run(input, { db, marketplace, now }) {
    const contact = await readContact(input, marketplace);
    const [destination, code] = await Promise.all([hashDestination(contact), hashCode(contact, input.code)]);
    const refresh = newRefreshToken();
    const verified = await db.one(
      sql`select * from identity.verify_code(${destination}::text, ${code}::text, ${contact.email}::text,
            ${contact.phone}::text, ${input.purpose}::text, ${refresh.hash}::text)`,
      Verified,
    );
    if (verified.outcome === 'wrong_code') throw wrongCode(verified.attempts_left);
    if (verified.outcome !== 'signed_in') throw new Refusal(refusals[verified.outcome]);
    return answerSignedIn(verified, refresh.token, marketplace.slug, now);
  },
});

function wrongCode(attemptsLeft: number): Refusal {
  const message = `is wrong; attempts left: ${attemptsLeft}`;
  return new Refusal(refusals.wrong_code, { errors: [{ field: 'code', code: 'wrong_code', message }] });
}

export const handler = http(verifyOtp);
