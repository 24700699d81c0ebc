import {
  CreateFaceLivenessSessionCommand,
  GetFaceLivenessSessionResultsCommand,
  SessionNotFoundException,
} from '@aws-sdk/client-rekognition';
import * as z from 'zod/mini';
import { rekognition, unlessBusy } from './rekognition.ts';

/**
 * Amazon Rekognition Face Liveness: the app streams a short video of the person's face to Rekognition, which tells how sure it is that
 * somebody alive was in front of the camera and gives a picture of them. Neither is stored by us. Needs 'face-liveness'.
 */

/** Seconds after which Rekognition forgets a session and all that it saw. */
export const SESSION_SECONDS = 180;

/** The id of a session: a UUID by its looks, whose version is Rekognition's affair. */
export const livenessSession = z
  .guid()
  .check(z.meta({ examples: ['8f6a1f0e-2f1b-4c39-9d0e-0b7a5f3c2d1e'] }))
  .brand<'liveness_session'>();

/** What a session showed. `confidence` in percent; no picture where none was good enough. */
export type Liveness =
  | { outcome: 'seen'; confidence: number; picture: Uint8Array | null }
  | { outcome: 'unfinished' }
  | { outcome: 'failed' }
  | { outcome: 'gone' };

/** Opens a session and returns its id. Throws provider_unavailable where the service is busy. */
export async function openSession(): Promise<string> {
  // Neither audit pictures nor a bucket: the reference picture comes with the answer, and only there.
  const command = new CreateFaceLivenessSessionCommand({ Settings: { AuditImagesLimit: 0 } });
  const { SessionId } = await rekognition()
    .send(command)
    .catch(error => {
      throw unlessBusy(error);
    });
  if (SessionId === undefined) throw new Error('Rekognition opened a session without an id.');
  return SessionId;
}

/** Reads what a session showed. Throws provider_unavailable where the service is busy. */
export async function readSession(sessionId: string): Promise<Liveness> {
  try {
    const command = new GetFaceLivenessSessionResultsCommand({ SessionId: sessionId });
    const { Status, Confidence = 0, ReferenceImage } = await rekognition().send(command);
    if (Status === 'SUCCEEDED')
      return {
        outcome: 'seen',
        confidence: Math.round(Confidence * 100) / 100,
        picture: ReferenceImage?.Bytes ?? null,
      };
    if (Status === 'CREATED' || Status === 'IN_PROGRESS') return { outcome: 'unfinished' };
    return { outcome: Status === 'EXPIRED' ? 'gone' : 'failed' };
  } catch (error) {
    if (error instanceof SessionNotFoundException) return { outcome: 'gone' };
    throw unlessBusy(error);
  }
}
