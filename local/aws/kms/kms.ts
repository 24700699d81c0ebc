import { createHmac, createPublicKey, randomBytes, sign, timingSafeEqual, verify } from 'node:crypto';
import { type Answer, AwsError, json, jsonError } from '../answer.ts';
import { type AwsRequest, parseBody } from '../request.ts';
import type { Permission, Service } from '../service.ts';
import { decrypt, encrypt, keyIdOfBlob } from './envelope.ts';
import { type KeyStore, keyIdOf, privateKeyOf, publicKeyOf } from './key-store.ts';
import {
  AnyRequest,
  DataKeyRequest,
  DecryptRequest,
  EncryptRequest,
  KeyRequest,
  MacRequest,
  SignRequest,
  VerifyMacRequest,
  VerifyRequest,
} from './requests.ts';
import { signDigest } from './sign-digest.ts';

/** KMS limits a message to sign or to hash; a longer one is sent as its digest. */
const messageBytes = 4096;

type Operation = (request: AwsRequest, keys: KeyStore) => unknown;

const operations: Record<string, Operation> = {
  Sign(request, keys) {
    const call = parseBody(SignRequest, request);
    const key = keys.open(call.KeyId, 'ECC_NIST_P256');
    const signature =
      call.MessageType === 'RAW'
        ? sign('sha256', limited(call.Message), privateKeyOf(key))
        : signDigest(digestOf(call.Message), privateKeyOf(key));
    return {
      KeyId: key.arn,
      Signature: signature.toString('base64'),
      SigningAlgorithm: call.SigningAlgorithm,
    };
  },

  Verify(request, keys) {
    const call = parseBody(VerifyRequest, request);
    if (call.MessageType === 'DIGEST') {
      throw new AwsError('UnsupportedOperationException', 400, 'Verifying a digest is not there locally.');
    }
    const key = keys.open(call.KeyId, 'ECC_NIST_P256');
    const publicKey = createPublicKey({ key: publicKeyOf(key), type: 'spki', format: 'der' });
    if (!verify('sha256', limited(call.Message), publicKey, call.Signature)) {
      throw new AwsError('KMSInvalidSignatureException', 400, '');
    }
    return { KeyId: key.arn, SignatureValid: true, SigningAlgorithm: call.SigningAlgorithm };
  },

  GetPublicKey(request, keys) {
    const key = keys.open(parseBody(KeyRequest, request).KeyId, 'ECC_NIST_P256');
    return {
      KeyId: key.arn,
      PublicKey: publicKeyOf(key).toString('base64'),
      KeySpec: 'ECC_NIST_P256',
      CustomerMasterKeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ECDSA_SHA_256'],
    };
  },

  GenerateMac(request, keys) {
    const call = parseBody(MacRequest, request);
    const key = keys.open(call.KeyId, 'HMAC_256');
    const mac = createHmac('sha256', key.secret).update(limited(call.Message)).digest('base64');
    return { KeyId: key.arn, Mac: mac, MacAlgorithm: call.MacAlgorithm };
  },

  VerifyMac(request, keys) {
    const call = parseBody(VerifyMacRequest, request);
    const key = keys.open(call.KeyId, 'HMAC_256');
    const mac = createHmac('sha256', key.secret).update(limited(call.Message)).digest();
    if (mac.length !== call.Mac.length || !timingSafeEqual(mac, call.Mac)) {
      throw new AwsError('KMSInvalidMacException', 400, '');
    }
    return { KeyId: key.arn, MacValid: true, MacAlgorithm: call.MacAlgorithm };
  },

  Encrypt(request, keys) {
    const call = parseBody(EncryptRequest, request);
    const key = keys.open(call.KeyId, 'SYMMETRIC_DEFAULT');
    const blob = encrypt(key, limited(call.Plaintext), call.EncryptionContext);
    return {
      KeyId: key.arn,
      CiphertextBlob: blob.toString('base64'),
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    };
  },

  Decrypt(request, keys) {
    const call = parseBody(DecryptRequest, request);
    const { key, plaintext } = decrypt(keys, call.CiphertextBlob, call.EncryptionContext);
    if (call.KeyId !== undefined && keys.find(call.KeyId).arn !== key.arn) {
      const message = 'The key ID in the request does not identify a CMK that can perform this operation.';
      throw new AwsError('IncorrectKeyException', 400, message);
    }
    return {
      KeyId: key.arn,
      Plaintext: plaintext.toString('base64'),
      EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
    };
  },

  GenerateDataKey: generateDataKey,

  GenerateDataKeyWithoutPlaintext(request, keys) {
    const { Plaintext: _, ...rest } = generateDataKey(request, keys);
    return rest;
  },

  DescribeKey(request, keys) {
    const { arn, spec } = keys.find(parseBody(KeyRequest, request).KeyId);
    return {
      KeyMetadata: { Arn: arn, KeyId: keyIdOf(arn), KeySpec: spec, Enabled: true, KeyState: 'Enabled' },
    };
  },
};

function generateDataKey(request: AwsRequest, keys: KeyStore) {
  const call = parseBody(DataKeyRequest, request);
  const key = keys.open(call.KeyId, 'SYMMETRIC_DEFAULT');
  if ((call.KeySpec === undefined) === (call.NumberOfBytes === undefined)) {
    const message = 'Please specify either number of bytes or key spec.';
    throw new AwsError('ValidationException', 400, message);
  }
  const plaintext = randomBytes(call.NumberOfBytes ?? (call.KeySpec === 'AES_128' ? 16 : 32));
  return {
    KeyId: key.arn,
    Plaintext: plaintext.toString('base64'),
    CiphertextBlob: encrypt(key, plaintext, call.EncryptionContext).toString('base64'),
  };
}

function limited(message: Buffer): Buffer {
  if (message.length > 0 && message.length <= messageBytes) return message;
  const text = `1 validation error detected: Value at 'message' failed to satisfy constraint: Member must have length less than or equal to ${messageBytes}`;
  throw new AwsError('ValidationException', 400, text);
}

function digestOf(message: Buffer): Buffer {
  if (message.length === 32) return message;
  throw new AwsError('ValidationException', 400, 'Digest is invalid length for algorithm ECDSA_SHA_256.');
}

/** KMS with keys to sign, to hash and to encrypt. */
export function makeKms(keys: KeyStore): Service {
  return {
    denied: { name: 'AccessDeniedException', status: 400 },
    errorAnswer: jsonError,
    permissionsOf: request => [permissionOf(request, keys)],
    async answer(request): Promise<Answer> {
      const operation = operations[request.operation];
      if (operation) return json(operation(request, keys));
      throw new AwsError(
        'UnsupportedOperationException',
        400,
        `KMS's ${request.operation} is not there locally.`,
      );
    },
  };
}

function permissionOf(request: AwsRequest, keys: KeyStore): Permission {
  const call = parseBody(AnyRequest, request);
  const context: Record<string, string> = {};
  if (call.SigningAlgorithm) context['kms:SigningAlgorithm'] = call.SigningAlgorithm;
  if (call.MacAlgorithm) context['kms:MacAlgorithm'] = call.MacAlgorithm;
  if (call.MessageType) context['kms:MessageType'] = call.MessageType;
  for (const [key, value] of Object.entries(call.EncryptionContext))
    context[`kms:EncryptionContext:${key}`] = value;
  const named = call.KeyId ?? (call.CiphertextBlob && keyIdOfBlob(call.CiphertextBlob));
  return {
    action: `kms:${request.operation}`,
    resources: [named === undefined ? '*' : keys.find(named).arn],
    context,
  };
}
