import { createLocalJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { environment } from './environment.ts';
import { common, Refusal } from './refusal.ts';
import type { Request } from './request.ts';
import type { HttpContract } from './use-case.ts';

/** Issuer of every access token. */
export const ISSUER = 'vicinity';

/** Who a request says it is, proven by signature only. Whether the session still lives is asked in the first trip. */
export type Identity = { actor: string; session: string };

let keys: JWTVerifyGetKey | undefined;

/**
 * Verifies the bearer token with the public keys that the deployment wrote into the environment, so it costs no call.
 * Null where there is none. A route that hands out credentials ignores the header: an app may send its stale one along.
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
  keys ??= createLocalJWKSet(JSON.parse(environment('TOKEN_KEYS')));
  try {
    const token = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(header)?.[1] ?? '';
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      issuer: ISSUER,
      audience: request.marketplace.slug,
      requiredClaims: ['sub', 'sid', 'exp'],
    });
    return { actor: String(payload.sub), session: String(payload.sid) };
  } catch (cause) {
    if (!(cause instanceof errors.JOSEError)) throw cause;
    throw new Refusal(common.invalid_token, {
      headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
      cause,
    });
  }
}
