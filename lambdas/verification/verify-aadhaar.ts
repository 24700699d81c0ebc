import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { ProviderError, tryCode, type Verdict } from './aadhaar-provider.ts';
import { providerRefusals, unavailable, Verification } from './verification.ts';

const refusals = {
  not_found: common.not_found,
  wrong_code: refuse('wrong_code', 400, 'The code is wrong.', 'otp'),
  code_expired: refuse('code_expired', 410, 'No code is waiting here any more. Ask for a new one.', 'otp'),
  aadhaar_taken: refuse('aadhaar_taken', 409, 'Somebody else here has been verified with this number.'),
  aadhaar_refused: refuse('aadhaar_refused', 422, 'The register does not confirm this number.'),
  ...providerRefusals,
};

const Settled = z.discriminatedUnion('settled', [
  z.object({ settled: z.literal('verified'), mine: Verification }),
  z.object({
    settled: z.enum([
      'wrong_code',
      'code_expired',
      'aadhaar_refused',
      'aadhaar_taken',
      'provider_unavailable',
    ]),
  }),
]);

/** The second step of proving an Aadhaar number: the code that UIDAI has sent. Five tries a code. */
export const verifyAadhaar = useCase({
  route: 'POST /api/v1/auth/verify-aadhaar',
  summary: 'Verify my Aadhaar number',
  access: signedIn(),
  input: z.strictObject({
    reference: id('aadhaar_request'),
    otp: z
      .string()
      .check(z.regex(/^\d{6}$/, { error: 'must be six digits' }), z.meta({ examples: ['111000'] })),
  }),
  output: Verification,
  refusals,
  // Each call is a try: none is answered from an earlier one.
  credentials: true,
  needs: ['aadhaar'],
  async run({ reference, otp }, { db, marketplace }) {
    if (!marketplace.verification.aadhaar) throw new Refusal(common.not_found);
    const attempt = await db.maybeOne(
      sql`select * from verification.try_aadhaar(${reference}::uuid)`,
      z.object({ provider_reference: z.string(), attempts_left: z.int() }),
    );
    if (attempt === null) throw new Refusal(refusals.code_expired);
    const verdict = await tryCode(attempt.provider_reference, otp).catch((error: unknown) => {
      if (error instanceof ProviderError) return error;
      throw error;
    });
    const outcome: Verdict | 'provider_unavailable' =
      verdict instanceof ProviderError ? 'provider_unavailable' : verdict;
    const answer = await db.one(
      sql`select * from verification.settle_aadhaar(${reference}::uuid, ${outcome}::text)`,
      Settled,
    );
    if (answer.settled === 'verified') return answer.mine;
    if (verdict instanceof ProviderError) throw unavailable(verdict.retryAfter, verdict);
    if (answer.settled === 'wrong_code') throw wrongCode(attempt.attempts_left);
    throw new Refusal(refusals[answer.settled]);
  },
});

function wrongCode(attemptsLeft: number): Refusal {
  const message = `is wrong; attempts left: ${attemptsLeft}`;
  return new Refusal(refusals.wrong_code, {
    errors: [{ field: 'otp', code: 'wrong_code', message }],
    facts: { attempts_left: attemptsLeft },
  });
}

export const handler = http(verifyAadhaar);
