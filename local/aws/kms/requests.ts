import * as z from 'zod/mini';

/** Bytes: base64 on the wire. */
const Base64 = z.pipe(
  z.string(),
  z.transform(text => Buffer.from(text, 'base64')),
);
const Context = z._default(z.record(z.string(), z.string()), {});
const MessageType = z._default(z.enum(['RAW', 'DIGEST']), 'RAW');
const SigningAlgorithm = z.literal('ECDSA_SHA_256');
const MacAlgorithm = z.literal('HMAC_SHA_256');

/** Of GetPublicKey and DescribeKey. */
export const KeyRequest = z.object({ KeyId: z.string() });
export const SignRequest = z.object({ KeyId: z.string(), Message: Base64, MessageType, SigningAlgorithm });
export const VerifyRequest = z.object({ ...SignRequest.shape, Signature: Base64 });
export const MacRequest = z.object({ KeyId: z.string(), Message: Base64, MacAlgorithm });
export const VerifyMacRequest = z.object({ ...MacRequest.shape, Mac: Base64 });
export const EncryptRequest = z.object({ KeyId: z.string(), Plaintext: Base64, EncryptionContext: Context });
export const DecryptRequest = z.object({
  KeyId: z.optional(z.string()),
  CiphertextBlob: Base64,
  EncryptionContext: Context,
});
export const DataKeyRequest = z.object({
  KeyId: z.string(),
  KeySpec: z.optional(z.enum(['AES_128', 'AES_256'])),
  NumberOfBytes: z.optional(z.number()),
  EncryptionContext: Context,
});

/** What the permission of any operation depends on. */
export const AnyRequest = z.object({
  KeyId: z.optional(z.string()),
  CiphertextBlob: z.optional(Base64),
  SigningAlgorithm: z.optional(z.string()),
  MacAlgorithm: z.optional(z.string()),
  MessageType: z.optional(z.string()),
  EncryptionContext: Context,
});
