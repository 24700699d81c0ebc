import * as z from 'zod/mini';
import { limits, tooManyAttempts } from '../identity/identity.ts';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { storedKey } from '../kernel/stored-files.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { compareFaces } from './compare-faces.ts';
import { providerRefusals, Verification } from './verification.ts';

const SELFIE = 'selfie_upload_id';
const refusals = {
  face_mismatch: refuse('face_mismatch', 422, 'The selfie does not show the face of the document.', SELFIE),
  no_face: refuse('no_face', 422, 'There is no clear face in one of the two pictures.', SELFIE),
  image_unusable: refuse('image_unusable', 422, 'One of the two pictures cannot be read.', SELFIE),
  selfie_not_found: refuse('upload_not_found', 422, 'You have stored no JPEG or PNG of this id.', SELFIE),
  document_not_found: refuse(
    'document_not_found',
    422,
    'Hand in your document as a JPEG or PNG first.',
    'document_upload_id',
  ),
  ...limits,
  ...providerRefusals,
};

const Inputs = z.object({
  selfie: z.nullable(z.string()),
  document: z.nullable(z.string()),
  document_id: z.nullable(z.uuid()),
  threshold: z.number(),
  attempts_left: z.int(),
  retry_after: z.nullable(z.int()),
});

const Settled = z.discriminatedUnion('settled', [
  z.object({ settled: z.literal('verified'), mine: Verification }),
  z.object({ settled: z.enum(['face_mismatch', 'no_face', 'image_unusable']), attempts_left: z.int() }),
  z.object({ settled: z.literal('too_many_attempts') }),
]);

/**
 * Proves by a selfie that a document is the person's own: Rekognition compares the two faces, and from the marketplace's
 * `face_match_threshold` on they are one. Five comparisons a day.
 */
export const verifyFace = useCase({
  route: 'POST /api/v1/auth/verify-faceid',
  summary: 'Verify my face',
  access: signedIn(),
  input: z
    .strictObject({ selfie_upload_id: id('upload'), document_upload_id: z.optional(id('upload')) })
    .check(
      z.refine(input => input.selfie_upload_id !== input.document_upload_id, {
        error: 'must be another picture than the selfie',
        path: ['document_upload_id'],
      }),
    ),
  output: Verification,
  refusals,
  // Each call is a comparison that counts: none is answered from an earlier one.
  credentials: true,
  needs: ['face-comparison', 'stored-files'],
  async run({ selfie_upload_id, document_upload_id = null }, { db }) {
    const { selfie, document, document_id, threshold, attempts_left, retry_after } = await db.one(
      sql`select * from verification.face_inputs(${selfie_upload_id}::uuid, ${document_upload_id}::uuid)`,
      Inputs,
    );
    if (retry_after !== null) throw tooManyAttempts(retry_after);
    if (selfie === null) throw new Refusal(refusals.selfie_not_found);
    if (document === null) throw new Refusal(refusals.document_not_found);
    const found = await compareFaces(storedKey(selfie), storedKey(document));
    const similarity = found.outcome === 'compared' ? found.similarity : null;
    const outcome =
      found.outcome !== 'compared'
        ? found.outcome
        : found.similarity >= threshold
          ? 'verified'
          : 'face_mismatch';
    const answer = await db.one(
      sql`select * from verification.settle_face(${selfie_upload_id}::uuid, ${document_id}::uuid, ${outcome}::text,
            ${similarity}::numeric, ${threshold}::numeric)`,
      Settled,
    );
    if (answer.settled === 'verified') return answer.mine;
    if (answer.settled === 'too_many_attempts') throw tooManyAttempts(86_400);
    throw refused(answer.settled, Math.min(answer.attempts_left, attempts_left - 1));
  },
});

function refused(outcome: 'face_mismatch' | 'no_face' | 'image_unusable', attemptsLeft: number): Refusal {
  const { code, message } = refusals[outcome];
  const errors = [{ field: SELFIE, code, message: `${message} Attempts left: ${attemptsLeft}.` }];
  return new Refusal(refusals[outcome], { errors });
}

export const handler = http(verifyFace);
