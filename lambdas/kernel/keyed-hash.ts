import { environment } from './environment.ts';

/**
 * HMAC-SHA-256 of a text under a key that never leaves KMS: what is stored as such a hash cannot be guessed by whoever
 * reads the database, short as the text may be. Start the text with what it is (`otp:…`), so that one hash never passes for
 * another. Needs 'keyed-hash'.
 *
 * @param text at most 4,096 bytes
 */
export async function keyedHash(text: string): Promise<Buffer> {
  const { generateMac } = await import('./kms.ts');
  return generateMac(environment('HASH_KEY_ARN'), Buffer.from(text));
}
