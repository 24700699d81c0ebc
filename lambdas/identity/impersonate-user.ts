import * as z from 'zod/mini';
import { count, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { ACCESS_TOKEN_SECONDS, issueAccessToken } from './tokens.ts';

/**
 * Lets staff see what a person sees: an access token that reads and changes nothing. It names both (`act`, RFC 8693), and each
 * request that is made with it is audited.
 */
export const impersonateUser = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/impersonate',
  summary: 'See the marketplace with somebody’s eyes',
  access: permitted('accounts.impersonate'),
  status: 201,
  input: z.strictObject({
    user_id: id('user'),
    reason: text(1, 500, 'Ticket 4711: the person cannot find a booking.'),
  }),
  output: z.object({
    access_token: text(1, 2000, 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwMTlhIn0.c2lnbmF0dXJl'),
    token_type: z.literal('Bearer'),
    expires_in: count(1, ACCESS_TOKEN_SECONDS, ACCESS_TOKEN_SECONDS),
  }),
  refusals: {
    staff_account: refuse('staff_account', 403, 'Nobody sees with the eyes of staff.'),
    account_not_active: refuse('account_not_active', 409, 'This account is not active.'),
  },
  credentials: true,
  needs: ['token-signing'],
  async run({ user_id, reason }, { db, marketplace, actor, session, now }) {
    const { session_id } = await db.one(
      sql`select session_id from identity.impersonate(${user_id}::uuid, ${session}::uuid, ${reason}::text)`,
      z.object({ session_id: z.uuid() }),
    );
    const access_token = await issueAccessToken({
      marketplace: marketplace.slug,
      user_id,
      session_id,
      impersonator: actor,
      now,
    });
    return { access_token, token_type: 'Bearer' as const, expires_in: ACCESS_TOKEN_SECONDS };
  },
});

export const handler = http(impersonateUser);
