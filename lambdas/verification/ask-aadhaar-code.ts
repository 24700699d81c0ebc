import * as z from 'zod/mini';
import { limits, tooManyAttempts } from '../identity/identity.ts';
import { count, id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { keyedHash } from '../kernel/keyed-hash.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { aadhaarNumber } from './aadhaar-number.ts';
import { askForCode, ProviderError } from './aadhaar-provider.ts';
import { providerRefusals, unavailable } from './verification.ts';

const FIELD = 'aadhaar_number';

const refusals = {
  not_found: common.not_found,
  aadhaar_taken: refuse(
    'aadhaar_taken',
    409,
    'Somebody else here has been verified with this number.',
    FIELD,
  ),
  aadhaar_unknown: refuse('aadhaar_unknown', 422, 'No Aadhaar card has this number.', FIELD),
  aadhaar_not_linked: refuse(
    'aadhaar_not_linked',
    422,
    'No mobile number is linked with this Aadhaar number, so no code can be sent.',
    FIELD,
  ),
  ...limits,
  ...providerRefusals,
};

/** Seconds for which UIDAI's code can be used. */
const CODE_SECONDS = 600;

/** Seconds between two codes for one number, as the provider documents. */
const PAUSE = 45;

const Asking = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('asked'), request_id: z.uuid() }),
  z.object({ outcome: z.literal('too_many_attempts'), retry_after: z.int() }),
  z.object({ outcome: z.literal('aadhaar_taken') }),
]);

/**
 * The first step of proving an Aadhaar number: with the person's consent UIDAI sends a code to the mobile number linked with it.
 * Of the number the last four digits and a keyed hash are kept.
 */
export const askAadhaarCode = useCase({
  route: 'POST /api/v1/auth/verify-aadhaar/start',
  summary: 'Ask for a code to verify my Aadhaar number',
  access: signedIn(),
  status: 202,
  input: z.strictObject({
    aadhaar_number: aadhaarNumber,
    consent: z.literal(true).check(z.meta({ examples: [true] })),
  }),
  output: z.object({
    reference: id('aadhaar_request'),
    expires_in: count(1, CODE_SECONDS, CODE_SECONDS),
  }),
  refusals,
  // Each call sends a code and counts: none is answered from an earlier one.
  credentials: true,
  needs: ['keyed-hash', 'aadhaar'],
  async run({ aadhaar_number }, { db, marketplace }) {
    if (!marketplace.verification.aadhaar) throw new Refusal(common.not_found);
    const hash = (await keyedHash(`aadhaar:${marketplace.slug}:${aadhaar_number}`)).toString('base64url');
    const asking = await db.one(
      sql`select * from verification.ask_aadhaar(${hash}::text, ${aadhaar_number.slice(-4)}::text)`,
      Asking,
    );
    if (asking.outcome === 'too_many_attempts') throw tooManyAttempts(asking.retry_after);
    if (asking.outcome === 'aadhaar_taken') throw new Refusal(refusals.aadhaar_taken);
    const asked = await askForCode(aadhaar_number).catch((error: unknown) => {
      throw error instanceof ProviderError ? unavailable(error.retryAfter, error) : error;
    });
    if (asked.outcome === 'too_soon') throw tooManyAttempts(PAUSE);
    if (asked.outcome !== 'sent') throw new Refusal(refusals[asked.outcome]);
    const { reference } = await db.one(
      sql`select reference from verification.note_aadhaar_reference(${asking.request_id}::uuid, ${asked.reference}::text)`,
      z.object({ reference: id('aadhaar_request') }),
    );
    return { reference, expires_in: CODE_SECONDS };
  },
});

export const handler = http(askAadhaarCode);
