import { createHash, createPublicKey, verify } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DecryptCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  VerifyMacCommand,
} from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Aws, arnOf } from '../../local/aws/aws.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

const dataFolder = mkdtempSync(join(tmpdir(), 'vicinity-keys-'));
const message = Buffer.from('the message');
let aws: Aws;
let kms: KMSClient;

async function start() {
  aws = await startOwnAws({ dataFolder });
  kms = new KMSClient(callAs(aws));
}
beforeAll(start);
afterAll(async () => {
  await aws.close();
  rmSync(dataFolder, { recursive: true });
});

const publicKey = async () => {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: aws.keys.tokenKeyArn }));
  return createPublicKey({ key: Buffer.from(PublicKey ?? []), type: 'spki', format: 'der' });
};
const mac = async () => {
  const input = { KeyId: aws.keys.hashKeyArn, Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
  return (await kms.send(new GenerateMacCommand(input))).Mac;
};

describe('a signing key', () => {
  test.each(['RAW', 'DIGEST'] as const)(
    'signs a %s message that its public key verifies',
    async MessageType => {
      const key = await publicKey();
      for (let turn = 0; turn < 5; turn += 1) {
        const Message = MessageType === 'RAW' ? message : createHash('sha256').update(message).digest();
        const input = {
          KeyId: aws.keys.tokenKeyArn,
          Message,
          MessageType,
          SigningAlgorithm: 'ECDSA_SHA_256',
        } as const;
        const { Signature } = await kms.send(new SignCommand(input));
        expect(verify('sha256', message, key, Buffer.from(Signature ?? []))).toBe(true);
      }
    },
  );

  test('refuses a digest of another length and a message over 4 KB', async () => {
    const sign = (Message: Buffer, MessageType: 'RAW' | 'DIGEST') =>
      kms.send(
        new SignCommand({
          KeyId: aws.keys.tokenKeyArn,
          Message,
          MessageType,
          SigningAlgorithm: 'ECDSA_SHA_256',
        }),
      );
    await expect(sign(message, 'DIGEST')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(sign(Buffer.alloc(4097), 'RAW')).rejects.toMatchObject({ name: 'ValidationException' });
  });

  test('cannot hash or encrypt', async () => {
    const hash = { KeyId: aws.keys.tokenKeyArn, Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
    await expect(kms.send(new GenerateMacCommand(hash))).rejects.toMatchObject({
      name: 'InvalidKeyUsageException',
    });
  });

  test('answers to its alias', async () => {
    const arn = arnOf('kms', 'key/11111111-0000-4000-8000-000000000000');
    aws.declareKey({ arn, spec: 'ECC_NIST_P256', aliases: ['alias/token'] });
    for (const KeyId of [
      'alias/token',
      arnOf('kms', 'alias/token'),
      '11111111-0000-4000-8000-000000000000',
    ]) {
      expect((await kms.send(new GetPublicKeyCommand({ KeyId }))).KeyId).toBe(arn);
    }
  });
});

describe('a hash key', () => {
  test('verifies its own mac and no other', async () => {
    const input = { KeyId: aws.keys.hashKeyArn, Message: message, MacAlgorithm: 'HMAC_SHA_256' } as const;
    const verified = kms.send(new VerifyMacCommand({ ...input, Mac: await mac() }));
    await expect(verified).resolves.toMatchObject({ MacValid: true });
    const other = kms.send(new VerifyMacCommand({ ...input, Mac: Buffer.alloc(32) }));
    await expect(other).rejects.toMatchObject({ name: 'KMSInvalidMacException' });
  });
});

describe('an encryption key', () => {
  test('gives data keys that only their context opens', async () => {
    const EncryptionContext = { account: '1', purpose: 'bank' };
    const input = { KeyId: aws.keys.dataKeyArn, KeySpec: 'AES_256', EncryptionContext } as const;
    const { Plaintext, CiphertextBlob } = await kms.send(new GenerateDataKeyCommand(input));
    expect(Plaintext).toHaveLength(32);
    const turned = { purpose: 'bank', account: '1' };
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: turned }));
    expect(opened.Plaintext).toEqual(Plaintext);
    await expect(kms.send(new DecryptCommand({ CiphertextBlob }))).rejects.toMatchObject({
      name: 'InvalidCiphertextException',
    });
  });

  test('encrypts and decrypts', async () => {
    const KeyId = aws.keys.dataKeyArn;
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: message }));
    const { Plaintext } = await kms.send(new DecryptCommand({ CiphertextBlob, KeyId }));
    expect(Buffer.from(Plaintext ?? [])).toEqual(message);
  });
});

test('does not find a key or a secret that was not declared', async () => {
  await expect(kms.send(new GetPublicKeyCommand({ KeyId: 'alias/none' }))).rejects.toMatchObject({
    name: 'NotFoundException',
  });
  const secrets = new SecretsManagerClient(callAs(aws));
  await expect(secrets.send(new GetSecretValueCommand({ SecretId: 'none' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test('keeps keys and passwords over a restart, for their owner only', async () => {
  const read = async () => {
    const secrets = new SecretsManagerClient(callAs(aws));
    const { SecretString } = await secrets.send(new GetSecretValueCommand({ SecretId: 'standard-api' }));
    return { SecretString, mac: await mac(), key: (await publicKey()).export({ format: 'jwk' }) };
  };
  const before = await read();
  expect(JSON.parse(before.SecretString ?? '')).toEqual({
    username: 'vicinity_api',
    password: expect.stringMatching(/^[\w-]{32}$/),
  });
  await aws.close();
  await start();
  expect(await read()).toEqual(before);
  for (const file of ['keys.json', 'secrets.json'])
    expect(statSync(join(dataFolder, file)).mode & 0o777).toBe(0o600);
});
