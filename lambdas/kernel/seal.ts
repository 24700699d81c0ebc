import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { environment } from './environment.ts';

/**
 * Envelope encryption of values that a reader of the database must not see (phone numbers, addresses, tokens, bank accounts).
 * A value is sealed by AES-256-GCM under a data key that KMS keeps wrapped; a Lambda unwraps it once, at its first use.
 * Needs 'sealing'.
 */

type WrappedKey = { id: string; key: string };

const unwrapped = new Map<string, Promise<Buffer>>();

/** Data keys as the deployment wrote them, the newest first: older ones open what they have sealed. */
const wrappedKeys = () => JSON.parse(environment('DATA_KEYS')) as WrappedKey[];

function keyOf(wrapped: WrappedKey): Promise<Buffer> {
  const known = unwrapped.get(wrapped.id);
  if (known) return known;
  const key = import('./kms.ts').then(({ unwrapDataKey }) =>
    unwrapDataKey(environment('DATA_KEY_ARN'), Buffer.from(wrapped.key, 'base64')),
  );
  unwrapped.set(wrapped.id, key);
  // One failure of KMS is not kept for the life of the Lambda.
  key.catch(() => unwrapped.delete(wrapped.id));
  return key;
}

/**
 * Seals a value.
 *
 * @param about what it is and whose, e.g. `identity.users.phone/<id>`: a sealed value moved to another row does not open
 * @returns text of about 1.4 times the length and 60 characters
 */
export async function seal(value: string, about: string): Promise<string> {
  const [newest] = wrappedKeys();
  if (!newest) throw new Error('The deployment has written no data key.');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(newest), iv).setAAD(Buffer.from(about));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return ['1', newest.id, iv.toString('base64url'), sealed.toString('base64url')].join('.');
}

/** Opens what `seal` made. Throws when it was changed, belongs to something else, or its key is not here. */
export async function unseal(sealed: string, about: string): Promise<string> {
  const [version, id, iv = '', body = ''] = sealed.split('.');
  const wrapped = wrappedKeys().find(key => key.id === id);
  if (version !== '1' || !wrapped) throw new Error(`No data key opens a value about ${about}.`);
  const bytes = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', await keyOf(wrapped), Buffer.from(iv, 'base64url'))
    .setAAD(Buffer.from(about))
    .setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
}
