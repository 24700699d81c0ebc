import { common, Refusal } from './refusal.ts';
import type { Request } from './request.ts';
import type { HttpContract } from './use-case.ts';

/** Who a request says it is, proven by signature only. Whether the session still lives is asked in the first trip. */
export type Identity = { actor: string; session: string };

/**
 * Reads and verifies the bearer token. Null where there is none. A route that hands out credentials ignores the header: an app
 * may send its stale one along.
 *
 * Throws unauthenticated or invalid_token, with WWW-Authenticate as RFC 6750 words it.
 */
export async function authenticate(request: Request, contract: HttpContract): Promise<Identity | null> {
  const open = contract.access.kind === 'everyone';
  const header = open && contract.credentials ? undefined : request.headers.authorization;
  if (header === undefined) {
    if (open) return null;
    throw new Refusal(common.unauthenticated, { headers: { 'www-authenticate': 'Bearer' } });
  }
  const { verifyToken } = await import('./verify-token.ts');
  const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1] ?? '';
  const claims = await verifyToken(token, request.marketplace.slug);
  if (!claims) {
    throw new Refusal(common.invalid_token, {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  }
  return { actor: String(claims.sub), session: String(claims.sid) };
}
