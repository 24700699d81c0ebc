import { createLocalJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { environment } from './environment.ts';
import { ISSUER } from './tokens.ts';

// Import this file when there is a token to verify: who signs in has none, and those Lambdas start without jose.

let keys: JWTVerifyGetKey | undefined;

/**
 * The claims of an access token, or null when it is not one of ours for this audience, or has expired. The public keys are those
 * that the deployment wrote into the environment, so it costs no call.
 */
export async function verifyToken(token: string, audience: string): Promise<Record<string, unknown> | null> {
  keys ??= createLocalJWKSet(JSON.parse(environment('TOKEN_KEYS')));
  try {
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ['ES256'],
      issuer: ISSUER,
      audience,
      requiredClaims: ['sub', 'sid', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}
