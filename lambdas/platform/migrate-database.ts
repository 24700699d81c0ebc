import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { GenerateDataKeyWithoutPlaintextCommand, GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { calculateJwkThumbprint } from 'jose';
import { marketplaces } from '../../marketplaces/index.ts';
import { environment } from '../kernel/environment.ts';
import { DATA_KEY_CONTEXT } from '../kernel/kms.ts';
import { describeError, log } from '../kernel/log.ts';
import { migrate } from './migrations.ts';
import { asOwner } from './owner-connection.ts';
import { scramVerifier } from './scram.ts';

/** Functions that take the marketplaces' files into the database, in this order. */
const SEEDS = [
  'app.seed_marketplaces',
  'identity.seed_roles',
  'verification.seed_requirements',
  'booking.seed_flows',
  'reviews.seed_kinds',
  'money.seed_plans',
];

/**
 * The custom resource that every other stack waits for: it migrates the database, gives the two runtime roles their
 * passwords, seeds the marketplaces, makes the partitions, and answers with the public keys of the access tokens
 * (`TokenKeys`, a JWKS) and the wrapped keys of sealed values (`DataKeys`). Every step can be repeated.
 *
 * @param folder holds `migrations/` and `functions/`
 */
export function deployFrom(folder: string) {
  return async (event: CloudFormationCustomResourceEvent): Promise<void> => {
    const answer = await deploy(event, folder).then(
      data => ({ Status: 'SUCCESS', Data: data }),
      (error: Error) => {
        log.error('the database could not be migrated', describeError(error));
        return { Status: 'FAILED', Reason: error.message.slice(0, 1_000) };
      },
    );
    const { StackId, RequestId, LogicalResourceId } = event;
    const body = {
      ...answer,
      PhysicalResourceId: 'vicinity-database',
      StackId,
      RequestId,
      LogicalResourceId,
    };
    await fetch(event.ResponseURL, { method: 'PUT', body: JSON.stringify(body) });
  };
}

/** What the other stacks are told: public keys of tokens as a JWKS, and the wrapped keys of sealed values. */
type Published = { TokenKeys: string; DataKeys: string };

async function deploy(event: CloudFormationCustomResourceEvent, folder: string): Promise<Published> {
  if (event.RequestType === 'Delete') return { TokenKeys: '', DataKeys: '' };
  const applied = await migrate(folder);
  log.info('migrated', { applied });
  await setPassword('vicinity_api', environment('API_SECRET_ARN'));
  await setPassword('vicinity_worker', environment('WORKER_SECRET_ARN'));
  for (const seed of SEEDS) {
    await asOwner(`select ${seed}(:configuration::jsonb)`, { configuration: JSON.stringify(marketplaces) });
  }
  const partitions = await asOwner('select partition, change from app.rotate_partitions()');
  log.info('partitions', { partitions });
  return {
    TokenKeys: JSON.stringify({ keys: [await publicKey(environment('TOKEN_KEY_ARN'))] }),
    DataKeys: JSON.stringify(await dataKeys(environment('DATA_KEY_ARN'))),
  };
}

/** The wrapped data keys, the newest first. The first deployment makes one; the plain key is never seen here. */
async function dataKeys(keyArn: string): Promise<Record<string, unknown>[]> {
  const select = 'select id::text as id, wrapped as key from app.data_keys order by app.data_keys.id desc';
  const existing = await asOwner(select);
  if (existing.length > 0) return existing;
  const { CiphertextBlob } = await new KMSClient().send(
    new GenerateDataKeyWithoutPlaintextCommand({
      KeyId: keyArn,
      KeySpec: 'AES_256',
      EncryptionContext: DATA_KEY_CONTEXT,
    }),
  );
  await asOwner('insert into app.data_keys (wrapped) values (:wrapped) returning id::text', {
    wrapped: Buffer.from(CiphertextBlob ?? []).toString('base64'),
  });
  return asOwner(select);
}

async function setPassword(role: string, secretArn: string): Promise<void> {
  const { SecretString } = await new SecretsManagerClient().send(
    new GetSecretValueCommand({ SecretId: secretArn }),
  );
  const { password } = JSON.parse(SecretString ?? '{}') as { password: string };
  await asOwner(`alter role ${role} password '${scramVerifier(password)}'`);
}

/** The token key's public half as a JWK. Its id is the RFC 7638 thumbprint, so a new key has a new id. */
async function publicKey(keyId: string) {
  const { PublicKey } = await new KMSClient().send(new GetPublicKeyCommand({ KeyId: keyId }));
  const jwk = createPublicKey({ key: Buffer.from(PublicKey ?? []), format: 'der', type: 'spki' }).export({
    format: 'jwk',
  });
  return { ...jwk, alg: 'ES256', use: 'sig', kid: (await calculateJwkThumbprint(jwk)).slice(0, 16) };
}

/** In a bundle the SQL files stand beside the code. */
export const handler = deployFrom(join(import.meta.dirname, 'sql'));
