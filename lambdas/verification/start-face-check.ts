import * as z from 'zod/mini';
import { limits, tooManyAttempts } from '../identity/identity.ts';
import { environment } from '../kernel/environment.ts';
import { instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { livenessSession, openSession, SESSION_SECONDS } from './liveness.ts';
import { providerRefusals } from './verification.ts';

/**
 * Opens a session in which Rekognition looks for a living face, where the marketplace's setting `face_liveness` wants one. The app
 * streams its video to Rekognition under this id, and then shows the id to `POST /auth/verify-faceid`. Ten a day.
 */
export const startFaceCheck = useCase({
  route: 'POST /api/v1/auth/verify-faceid/start',
  summary: 'Begin a check that my face is a living one',
  access: signedIn(),
  status: 201,
  input: z.strictObject({}),
  output: z.object({
    liveness_session_id: livenessSession,
    region: text(1, 30, 'us-east-1'),
    expires_at: instant,
  }),
  refusals: { not_found: common.not_found, ...limits, ...providerRefusals },
  // Each call opens a session that serves once: none is answered from an earlier one.
  credentials: true,
  needs: ['face-liveness'],
  async run(_input, { db }) {
    const { retry_after } = await db.one(
      sql`select * from verification.begin_liveness()`,
      z.object({ retry_after: z.nullable(z.int()) }),
    );
    if (retry_after !== null) throw tooManyAttempts(retry_after);
    const session = await openSession();
    const kept = await db.one(
      sql`select * from verification.keep_liveness(${session}::uuid, ${SESSION_SECONDS}::integer)`,
      z.object({ liveness_session_id: livenessSession, expires_at: instant }),
    );
    return { ...kept, region: environment('AWS_REGION') };
  },
});

export const handler = http(startFaceCheck);
