import { Refusal, refuse } from '../kernel/refusal.ts';
import { readStart, storedKey } from '../kernel/stored-files.ts';
import { type Comparison, compareFaces } from './compare-faces.ts';
import { readSession } from './liveness.ts';

/** What was found of somebody's face, as `verification.settle_face` writes it. Percents; null where nothing was measured. */
export type Finding = {
  outcome: 'verified' | 'face_mismatch' | 'no_face' | 'image_unusable' | 'same_picture' | 'not_live';
  similarity: number | null;
  confidence: number | null;
};

/** Refusals of a session in which a living face was looked for. They cost no attempt. */
export const livenessRefusals = {
  liveness_unfinished: refuse(
    'liveness_unfinished',
    409,
    'The check of this session is not over yet. Finish it in the app first.',
    'liveness_session_id',
  ),
  liveness_not_found: refuse(
    'liveness_not_found',
    422,
    'This session does not exist, has expired or was used before. Begin another one.',
    'liveness_session_id',
  ),
};

/** From which percent on a face is the document's, and somebody alive. */
type Thresholds = { threshold: number; confidence: number };

/**
 * Judges a selfie by a document. Rekognition finds a picture most similar to itself, so a copy of the document proves nothing and is
 * not compared.
 *
 * @param pictures names of objects; `same_size` bytes where both have equally many, else null
 */
export async function judgeSelfie(
  pictures: { selfie: string; document: string; same_size: number | null; is_document: boolean },
  { threshold }: Thresholds,
): Promise<Finding> {
  const { selfie, document, same_size, is_document } = pictures;
  if (is_document || (same_size !== null && (await areEqual(selfie, document, same_size))))
    return { outcome: 'same_picture', similarity: null, confidence: null };
  return found(await compareFaces(storedKey(selfie), storedKey(document)), threshold, null);
}

async function areEqual(one: string, other: string, size: number): Promise<boolean> {
  const [first, second] = await Promise.all([one, other].map(name => readStart(name, size)));
  return first != null && second != null && first.start.equals(second.start);
}

/** Judges by what a session showed: somebody alive, with the face of the document. Throws `livenessRefusals`. */
export async function judgeSession(
  sessionId: string,
  document: string,
  { threshold, confidence: wanted }: Thresholds,
): Promise<Finding> {
  const seen = await readSession(sessionId);
  if (seen.outcome === 'unfinished') throw new Refusal(livenessRefusals.liveness_unfinished);
  if (seen.outcome === 'gone') throw new Refusal(livenessRefusals.liveness_not_found);
  if (seen.outcome === 'failed') return { outcome: 'not_live', similarity: null, confidence: null };
  const { confidence, picture } = seen;
  if (confidence < wanted) return { outcome: 'not_live', similarity: null, confidence };
  // Documented: where no picture was good enough, the check is to be done again.
  if (picture === null) return { outcome: 'no_face', similarity: null, confidence };
  return found(await compareFaces(picture, storedKey(document)), threshold, confidence);
}

function found(compared: Comparison, threshold: number, confidence: number | null): Finding {
  if (compared.outcome !== 'compared') return { outcome: compared.outcome, similarity: null, confidence };
  const { similarity } = compared;
  return { outcome: similarity >= threshold ? 'verified' : 'face_mismatch', similarity, confidence };
}
