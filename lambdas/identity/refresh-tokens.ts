import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { accountSuspended, Refused, refreshToken, suspended, Tokens } from './identity.ts';
import { hashToken, issueTokens, newRefreshToken } from './tokens.ts';

const refusals = {
  invalid_refresh_token: refuse('invalid_refresh_token', 401, 'The session has ended. Sign in again.'),
  refresh_token_reused: refuse(
    'refresh_token_reused',
    401,
    'This token was used before, so its session has been ended. Sign in again.',
  ),
  ...accountSuspended,
};

const Rotated = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('rotated'), user_id: z.uuid(), session_id: z.uuid() }),
  Refused,
  z.object({ outcome: z.enum(['invalid_refresh_token', 'refresh_token_reused']) }),
]);

/** Exchanges a refresh token. Each serves once: shown again, it ends its session, for one of the two callers stole it. */
export const refreshTokens = useCase({
  route: 'POST /api/v1/auth/refresh',
  summary: 'Exchange a refresh token',
  access: everyone(),
  input: z.strictObject({ refresh_token: refreshToken }),
  output: Tokens,
  refusals,
  credentials: true,
  needs: ['token-signing'],
  async run(input, { db, marketplace, now }) {
    const next = newRefreshToken();
    const rotated = await db.one(
      sql`select * from identity.rotate_refresh_token(${hashToken(input.refresh_token)}::text, ${next.hash}::text)`,
      Rotated,
    );
    if (rotated.outcome === 'account_suspended') throw suspended(rotated.suspension);
    if (rotated.outcome !== 'rotated') throw new Refusal(refusals[rotated.outcome]);
    const { user_id, session_id } = rotated;
    return issueTokens({
      marketplace: marketplace.slug,
      user_id,
      session_id,
      refresh_token: next.token,
      now,
    });
  },
});

export const handler = http(refreshTokens);
