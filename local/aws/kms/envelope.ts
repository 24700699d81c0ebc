import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AwsError } from '../answer.ts';
import { type KeyStore, keyIdOf, type OpenKey } from './key-store.ts';

export type EncryptionContext = Readonly<Record<string, string>>;

const ivBytes = 12;
const tagBytes = 16;

/** The context is authenticated with the text, in one order whatever the caller's was. */
const contextBytes = (context: EncryptionContext): Buffer =>
  Buffer.from(JSON.stringify(Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Encrypts by AES-256-GCM. The blob begins with the key's id, so that Decrypt needs no key named, as in KMS. */
export function encrypt(key: OpenKey, plaintext: Buffer, context: EncryptionContext): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', key.secret, iv).setAAD(contextBytes(context));
  const text = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  const id = Buffer.from(keyIdOf(key.arn));
  return Buffer.concat([Buffer.of(id.length), id, iv, cipher.getAuthTag(), text]);
}

/** The id of the key that a blob says it was encrypted with. */
export const keyIdOfBlob = (blob: Buffer): string => blob.toString('utf8', 1, 1 + (blob[0] ?? 0));

/** @throws AwsError InvalidCiphertextException where the blob, its key or its context is not the one */
export function decrypt(
  keys: KeyStore,
  blob: Buffer,
  context: EncryptionContext,
): { key: OpenKey; plaintext: Buffer } {
  try {
    const key = keys.open(keyIdOfBlob(blob), 'SYMMETRIC_DEFAULT');
    const body = blob.subarray(1 + (blob[0] ?? 0));
    const decipher = createDecipheriv('aes-256-gcm', key.secret, body.subarray(0, ivBytes))
      .setAAD(contextBytes(context))
      .setAuthTag(body.subarray(ivBytes, ivBytes + tagBytes));
    return {
      key,
      plaintext: Buffer.concat([decipher.update(body.subarray(ivBytes + tagBytes)), decipher.final()]),
    };
  } catch (error) {
    throw Object.assign(new AwsError('InvalidCiphertextException', 400, ''), { cause: error });
  }
}
