import { createHash, randomBytes } from 'node:crypto';

/** Marks a leaked token for secret scanners, and tells it from the JWT of a session. */
const PREFIX = 'vct_';
const FORM = /^vct_[\w-]{86}$/;

/** Whose a token says it is. `hash` is what the database knows of it: the first trip tells whether it is right. */
export type PersonalToken = { actor: string; id: string; hash: string };

/**
 * A new personal access token: `vct_` and 64 bytes as base64url, which are its owner's id, its own id and 32 random bytes. It
 * names its owner so that a request under it needs no trip more than one under a session.
 */
export function mintPersonalToken(actor: string, id: string): string {
  return `${PREFIX}${Buffer.concat([bytesOf(actor), bytesOf(id), randomBytes(32)]).toString('base64url')}`;
}

/** Reads a personal access token, or null where the text has another form. */
export function readPersonalToken(token: string): PersonalToken | null {
  if (!FORM.test(token)) return null;
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
  return {
    actor: uuidOf(bytes.subarray(0, 16)),
    id: uuidOf(bytes.subarray(16, 32)),
    hash: hashPersonalToken(token),
  };
}

/** SHA-256 in hex. The token is random, so a slow hash would protect nothing. */
export const hashPersonalToken = (token: string) => createHash('sha256').update(token).digest('hex');

const bytesOf = (uuid: string) => Buffer.from(uuid.replaceAll('-', ''), 'hex');

const uuidOf = (bytes: Buffer) =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
