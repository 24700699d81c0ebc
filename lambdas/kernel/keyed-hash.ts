import type { KMSClient } from '@aws-sdk/client-kms';
import { environment } from './environment.ts';

let client: KMSClient | undefined;

/**
 * HMAC-SHA-256 of a text under a key that never leaves KMS: what is stored as such a hash cannot be guessed by whoever
 * reads the database, short as the text may be. Start the text with what it is (`otp:…`), so that one hash never passes for
 * another. Needs 'keyed-hash'.
 *
 * @param text at most 4,096 bytes
 */
export async function keyedHash(text: string): Promise<Buffer> {
  const { GenerateMacCommand, KMSClient } = await import('@aws-sdk/client-kms');
  client ??= new KMSClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000 },
  });
  const { Mac } = await client.send(
    new GenerateMacCommand({
      KeyId: environment('HASH_KEY_ARN'),
      MacAlgorithm: 'HMAC_SHA_256',
      Message: Buffer.from(text),
    }),
  );
  if (!Mac) throw new Error('KMS answered without a MAC.');
  return Buffer.from(Mac);
}
