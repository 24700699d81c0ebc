import { readPersonalToken } from './personal-token.ts';
import { common, Refusal } from './refusal.ts';
import type { Request } from './request.ts';
import type { HttpContract } from './use-case.ts';

/**
 * Who a request says it is: proven by the signature of a session's token, or to be proven in the first trip by the hash of a
 * personal one. Whether the session or token still lives is asked there too.
 */
export type Identity = {
  actor: string;
  /** The session, or the personal access token in its place. */
  session: string;
  /** The member of staff who looks with the actor's eyes (RFC 8693's `act`). */
  impersonator?: string;
  /** Of a personal access token. */
  token_hash?: string;
};

/**
 * Reads and verifies the bearer token. Null where there is none. A route that hands out credentials ignores the header: an app
 * may send its stale one along.
 *
 * Throws unauthenticated or invalid_token, with WWW-Authenticate as RFC 6750 words it, impersonation_read_only, owner_only, and
 * session_required where somebody who has only a personal access token asks for credentials, or for what takes a person.
 */
export async function authenticate(request: Request, contract: HttpContract): Promise<Identity | null> {
  const open = contract.access.kind === 'everyone';
  if (request.headers.authorization === undefined || (open && contract.credentials)) {
    if (open) return null;
    throw new Refusal(common.unauthenticated, { headers: { 'www-authenticate': 'Bearer' } });
  }
  const identity = await readBearer(request);
  if (!identity) {
    throw new Refusal(common.invalid_token, {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
    });
  }
  if (identity.impersonator && contract.method !== 'GET') throw new Refusal(common.impersonation_read_only);
  if (identity.impersonator && contract.owner_only) throw new Refusal(common.owner_only);
  if (identity.token_hash && (contract.credentials || contract.presence))
    throw new Refusal(common.session_required);
  return identity;
}

/** Whom the bearer token of a request names, or null where there is none that could be right. */
export async function readBearer(request: Request): Promise<Identity | null> {
  const [, bearer = ''] = /^Bearer ([\w.-]+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const personal = readPersonalToken(bearer);
  if (personal) return { actor: personal.actor, session: personal.id, token_hash: personal.hash };
  if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(bearer)) return null;
  const { verifyToken } = await import('./verify-token.ts');
  const claims = await verifyToken(bearer, request.marketplace.slug);
  if (!claims) return null;
  const { sub, sid, act } = claims as { sub: string; sid: string; act?: { sub: string } };
  return { actor: sub, session: sid, ...(act ? { impersonator: act.sub } : {}) };
}
