import * as z from 'zod/mini';
import { limits, tooManyAttempts } from '../identity/identity.ts';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { type Finding, judgeSelfie, judgeSession, livenessRefusals } from './judge-face.ts';
import { livenessSession } from './liveness.ts';
import { providerRefusals, Verification } from './verification.ts';

const SELFIE = 'selfie_upload_id';
const SESSION = 'liveness_session_id';
const refusals = {
  face_mismatch: refuse('face_mismatch', 422, 'The face is not the one of the document.', SELFIE),
  no_face: refuse('no_face', 422, 'There is no clear face in one of the two pictures.', SELFIE),
  image_unusable: refuse('image_unusable', 422, 'One of the two pictures cannot be read.', SELFIE),
  same_picture: refuse('same_picture', 422, 'This is the picture of the document, and no selfie.', SELFIE),
  not_live: refuse('not_live', 422, 'Nobody alive was seen in front of the camera.', SESSION),
  selfie_not_found: refuse('upload_not_found', 422, 'You have stored no JPEG or PNG of this id.', SELFIE),
  document_not_found: refuse(
    'document_not_found',
    422,
    'Hand in your document as a JPEG or PNG first.',
    'document_upload_id',
  ),
  liveness_required: refuse(
    'liveness_required',
    422,
    'A picture is not enough here: begin a check of a living face first.',
    SESSION,
  ),
  ...livenessRefusals,
  ...limits,
  ...providerRefusals,
};

const Inputs = z.object({
  selfie: z.nullable(z.string()),
  document: z.nullable(z.string()),
  document_id: z.nullable(z.uuid()),
  same_size: z.nullable(z.int()),
  is_document: z.boolean(),
  is_session: z.boolean(),
  wants_liveness: z.boolean(),
  threshold: z.number(),
  confidence: z.number(),
  attempts_left: z.int(),
  retry_after: z.nullable(z.int()),
});

const notProven = z.enum(['face_mismatch', 'no_face', 'image_unusable', 'same_picture', 'not_live']);

const Settled = z.discriminatedUnion('settled', [
  z.object({ settled: z.literal('verified'), mine: Verification }),
  z.object({ settled: notProven, attempts_left: z.int() }),
  z.object({ settled: z.literal('too_many_attempts') }),
  z.object({ settled: z.literal('liveness_used') }),
]);

/**
 * Proves that a document is the person's own, by a selfie or, where the marketplace wants somebody alive, by a session of
 * `POST /auth/verify-faceid/start`: Rekognition compares the two faces, and from the marketplace's `face_match_threshold` on they are
 * one. Five comparisons a day.
 */
export const verifyFace = useCase({
  route: 'POST /api/v1/auth/verify-faceid',
  summary: 'Verify my face',
  access: signedIn(),
  input: z
    .strictObject({
      selfie_upload_id: z.optional(id('upload')),
      liveness_session_id: z.optional(livenessSession),
      document_upload_id: z.optional(id('upload')),
    })
    .check(
      z.refine(
        input => (input.selfie_upload_id === undefined) !== (input.liveness_session_id === undefined),
        {
          error: 'give a selfie or a session of a living face',
          path: [SELFIE],
        },
      ),
      z.refine(
        input => input.selfie_upload_id === undefined || input.selfie_upload_id !== input.document_upload_id,
        { error: 'must be another picture than the selfie', path: ['document_upload_id'] },
      ),
    ),
  output: Verification,
  refusals,
  // Each call is a comparison that counts: none is answered from an earlier one.
  credentials: true,
  needs: ['face-comparison', 'face-liveness', 'stored-files'],
  async run({ selfie_upload_id = null, liveness_session_id = null, document_upload_id = null }, { db }) {
    const inputs = await db.one(
      sql`select * from verification.face_inputs(${selfie_upload_id}::uuid, ${document_upload_id}::uuid,
            ${liveness_session_id}::uuid)`,
      Inputs,
    );
    const { outcome, similarity, confidence } = await judge(liveness_session_id, inputs);
    const answer = await db.one(
      sql`select * from verification.settle_face(${selfie_upload_id}::uuid, ${inputs.document_id}::uuid,
            ${liveness_session_id}::uuid, ${outcome}::text, ${similarity}::numeric, ${inputs.threshold}::numeric,
            ${confidence}::numeric)`,
      Settled,
    );
    if (answer.settled === 'verified') return answer.mine;
    if (answer.settled === 'too_many_attempts') throw tooManyAttempts(86_400);
    if (answer.settled === 'liveness_used') throw new Refusal(refusals.liveness_not_found);
    const field = liveness_session_id === null ? SELFIE : SESSION;
    throw refused(answer.settled, field, Math.min(answer.attempts_left, inputs.attempts_left - 1));
  },
});

async function judge(session: string | null, inputs: z.output<typeof Inputs>): Promise<Finding> {
  const { selfie, document, same_size, is_document } = inputs;
  if (inputs.retry_after !== null) throw tooManyAttempts(inputs.retry_after);
  if (session !== null) {
    if (!inputs.is_session) throw new Refusal(refusals.liveness_not_found);
    if (document === null) throw new Refusal(refusals.document_not_found);
    return judgeSession(session, document, inputs);
  }
  if (inputs.wants_liveness) throw new Refusal(refusals.liveness_required);
  if (selfie === null) throw new Refusal(refusals.selfie_not_found);
  if (document === null) throw new Refusal(refusals.document_not_found);
  return judgeSelfie({ selfie, document, same_size, is_document }, inputs);
}

function refused(outcome: z.output<typeof notProven>, field: string, attemptsLeft: number): Refusal {
  const { code, message } = refusals[outcome];
  const errors = [{ field, code, message: `${message} Attempts left: ${attemptsLeft}.` }];
  return new Refusal(refusals[outcome], { errors });
}

export const handler = http(verifyFace);
