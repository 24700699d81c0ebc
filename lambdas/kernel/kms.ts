import { DecryptCommand, GenerateMacCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';

// Import this file when it is needed (`await import`), not at the top: most Lambdas, and most calls, do without KMS. It names
// the commands that are used, since a client imported as a whole cannot be shaken.
const client = new KMSClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000 },
});

/** HMAC-SHA-256 of at most 4,096 bytes. */
export async function generateMac(keyArn: string, message: Buffer): Promise<Buffer> {
  const command = new GenerateMacCommand({ KeyId: keyArn, MacAlgorithm: 'HMAC_SHA_256', Message: message });
  const { Mac } = await client.send(command);
  return bytesOf(Mac);
}

/** ECDSA over P-256 with SHA-256, as DER. At most 4,096 bytes. */
export async function sign(keyArn: string, message: Buffer): Promise<Buffer> {
  const command = new SignCommand({
    KeyId: keyArn,
    SigningAlgorithm: 'ECDSA_SHA_256',
    MessageType: 'RAW',
    Message: message,
  });
  const { Signature } = await client.send(command);
  return bytesOf(Signature);
}

/** What every data key is wrapped with, so that the right to unwrap one opens nothing else under the same key. */
export const DATA_KEY_CONTEXT = { purpose: 'personal-data' };

/** The plain 32 bytes of a data key. */
export async function unwrapDataKey(keyArn: string, wrapped: Buffer): Promise<Buffer> {
  const command = new DecryptCommand({
    KeyId: keyArn,
    CiphertextBlob: wrapped,
    EncryptionContext: DATA_KEY_CONTEXT,
  });
  const { Plaintext } = await client.send(command);
  return bytesOf(Plaintext);
}

function bytesOf(answer: Uint8Array | undefined): Buffer {
  if (!answer) throw new Error('KMS answered without bytes.');
  return Buffer.from(answer);
}
