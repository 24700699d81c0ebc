import { createHash, randomBytes } from 'node:crypto';
import type * as z from 'zod/mini';
import { environment } from '../kernel/environment.ts';
import { ISSUER } from '../kernel/tokens.ts';
import type { Opened } from './identity.ts';
import { withPhone } from './phones.ts';

export const ACCESS_TOKEN_SECONDS = 900;

/** A new refresh token and the hash that is stored of it. */
export function newRefreshToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

/** SHA-256 in hex. The token is random, so a slow hash would protect nothing. */
export const hashToken = (token: string) => createHash('sha256').update(token).digest('hex');

/** What a client is handed: an access token of a session, and the refresh token that opens the next one. */
export async function issueTokens(grant: {
  marketplace: string;
  user_id: string;
  session_id: string;
  refresh_token: string;
  now: Date;
}) {
  return {
    access_token: await issueAccessToken(grant),
    token_type: 'Bearer' as const,
    expires_in: ACCESS_TOKEN_SECONDS,
    refresh_token: grant.refresh_token,
  };
}

/** An access token of a session. `impersonator` is the member of staff who looks with the person's eyes. */
export function issueAccessToken(grant: {
  marketplace: string;
  user_id: string;
  session_id: string;
  impersonator?: string;
  now: Date;
}): Promise<string> {
  const issuedAt = Math.floor(grant.now.getTime() / 1000);
  return signToken({
    iss: ISSUER,
    aud: grant.marketplace,
    sub: grant.user_id,
    sid: grant.session_id,
    ...(grant.impersonator ? { act: { sub: grant.impersonator } } : {}),
    iat: issuedAt,
    exp: issuedAt + ACCESS_TOKEN_SECONDS,
  });
}

/** What somebody is answered who has just signed in: the account, and the tokens of the session that was opened. Needs 'sealing'. */
export async function answerSignedIn(
  { account, session_id }: z.output<typeof Opened>,
  refreshToken: string,
  marketplace: string,
  now: Date,
) {
  const grant = { marketplace, user_id: account.id, session_id, refresh_token: refreshToken, now };
  return { user: await withPhone(account), ...(await issueTokens(grant)) };
}

/** An ES256 JWT whose private key never leaves KMS. Needs 'token-signing'. */
async function signToken(claims: Record<string, unknown>): Promise<string> {
  const { sign } = await import('../kernel/kms.ts');
  const signed = `${encode({ alg: 'ES256', typ: 'JWT', kid: keyId() })}.${encode(claims)}`;
  return `${signed}.${toJose(await sign(environment('TOKEN_KEY_ARN'), Buffer.from(signed)))}`;
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** The deployment publishes the signing key alone. */
function keyId(): string {
  const { keys } = JSON.parse(environment('TOKEN_KEYS')) as { keys: { kid: string }[] };
  return keys[0]?.kid ?? '';
}

/** KMS writes the two numbers of a signature as DER; a JWT wants them side by side, 32 bytes each (RFC 7518, 3.4). */
function toJose(der: Buffer): string {
  const r = integerAt(der, 2);
  const s = integerAt(der, 4 + der.readUInt8(3));
  return Buffer.concat([r, s]).toString('base64url');
}

function integerAt(der: Buffer, at: number): Buffer {
  const number = der.subarray(at + 2, at + 2 + der.readUInt8(at + 1));
  return Buffer.concat([Buffer.alloc(32), number]).subarray(-32);
}
