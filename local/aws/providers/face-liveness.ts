import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { type Answer, AwsError, json } from '../answer.ts';
import { type AwsRequest, parseBody } from '../request.ts';

const Named = z.object({ SessionId: z.string() });

/** The video's stand-in: how sure the look at it is, in percent, or that it failed, and the picture taken from it, in Base64. */
const Video = z.extend(Named, { Confidence: z.nullable(z.number()), Picture: z.optional(z.string()) });

/** Milliseconds after which Rekognition forgets a session. */
const LIFETIME = 180_000;

type Session = { opened: number; status: 'CREATED' | 'SUCCEEDED' | 'FAILED'; seen?: z.output<typeof Video> };

/**
 * Rekognition's Face Liveness. An app streams a video in the call StartFaceLivenessSession; here that call takes one JSON document in
 * place of the stream, which says what would be seen.
 */
export function makeFaceLiveness(): Readonly<Record<string, (request: AwsRequest) => Answer>> {
  const sessions = new Map<string, Session>();

  function find(id: string): Session {
    const session = sessions.get(id);
    if (session && Date.now() - session.opened < LIFETIME) return session;
    sessions.delete(id);
    throw new AwsError('SessionNotFoundException', 400, 'Session not found.');
  }

  return {
    CreateFaceLivenessSession() {
      const SessionId = randomUUID();
      sessions.set(SessionId, { opened: Date.now(), status: 'CREATED' });
      return json({ SessionId });
    },
    StartFaceLivenessSession(request) {
      const seen = parseBody(Video, request);
      const session = find(seen.SessionId);
      if (session.status !== 'CREATED')
        throw new AwsError('ValidationException', 400, 'The session was used before.');
      Object.assign(session, { status: seen.Confidence === null ? 'FAILED' : 'SUCCEEDED', seen });
      return json({});
    },
    GetFaceLivenessSessionResults(request) {
      const { SessionId } = parseBody(Named, request);
      const { status, seen } = find(SessionId);
      if (status !== 'SUCCEEDED') return json({ SessionId, Status: status });
      const BoundingBox = { Width: 0.4, Height: 0.5, Left: 0.3, Top: 0.2 };
      const ReferenceImage = seen?.Picture === undefined ? {} : { Bytes: seen.Picture, BoundingBox };
      return json({
        SessionId,
        Status: status,
        Confidence: seen?.Confidence,
        ReferenceImage,
        AuditImages: [],
      });
    },
  };
}
