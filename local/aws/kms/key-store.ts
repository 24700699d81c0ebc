import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { accountId, arnOf, region } from '../account.ts';
import { AwsError } from '../answer.ts';
import type { KeptFile } from '../kept-file.ts';

export type KeySpec = 'ECC_NIST_P256' | 'HMAC_256' | 'SYMMETRIC_DEFAULT';

export type KeyDeclaration = {
  arn: string;
  spec: KeySpec;
  /** Other names for the key: `alias/vicinity-token`, with or without the ARN's prefix. */
  aliases?: readonly string[];
};

export type KeyStore = {
  declare(key: KeyDeclaration): void;
  /** By ARN, id or alias. @throws AwsError NotFoundException */
  find(id: string): KeyDeclaration;
  /** The key for one use. @throws AwsError InvalidKeyUsageException where its spec is another */
  open(id: string, spec: KeySpec): OpenKey;
};

export type OpenKey = { arn: string; secret: Buffer };

/** Keys whose material is generated on first use and kept. */
export function makeKeyStore(kept: KeptFile): KeyStore {
  const keys = new Map<string, KeyDeclaration>();

  function find(id: string): KeyDeclaration {
    for (const key of keys.values()) if (namesOf(key).includes(id)) return key;
    throw new AwsError('NotFoundException', 400, `Key '${id}' does not exist`);
  }

  return {
    declare: key => void keys.set(key.arn, key),
    find,
    open(id, spec) {
      const key = find(id);
      if (key.spec !== spec) {
        throw new AwsError(
          'InvalidKeyUsageException',
          400,
          `${key.arn} key usage is not valid for this operation.`,
        );
      }
      return {
        arn: key.arn,
        secret: Buffer.from(
          kept.get(key.arn, () => generate(spec)),
          'base64',
        ),
      };
    },
  };
}

/** `arn:…:key/<id>` → `<id>` */
export const keyIdOf = (arn: string): string => arn.replace(/^.*:key\//, '');

function namesOf({ arn, aliases = [] }: KeyDeclaration): string[] {
  const prefix = `arn:aws:kms:${region}:${accountId}:`;
  const plain = aliases.map(alias => alias.replace(prefix, ''));
  return [arn, keyIdOf(arn), ...plain, ...plain.map(alias => arnOf('kms', alias))];
}

function generate(spec: KeySpec): string {
  if (spec !== 'ECC_NIST_P256') return randomBytes(32).toString('base64');
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64');
}

/** The private key of an ECC_NIST_P256 key. */
export const privateKeyOf = ({ secret }: OpenKey): KeyObject =>
  createPrivateKey({ key: secret, type: 'pkcs8', format: 'der' });

/** The public key as KMS gives it: SubjectPublicKeyInfo in DER. */
export const publicKeyOf = (key: OpenKey): Buffer =>
  createPublicKey(privateKeyOf(key)).export({ type: 'spki', format: 'der' });
