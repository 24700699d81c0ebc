import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readScripts } from '../../lambdas/platform/migrations.ts';
import { ofKind, readCatalogue } from '../../lib/catalogue.ts';
import { startAws } from '../../local/aws/aws.ts';
import { connectBus } from './connect-bus.ts';
import { serveControl } from './control-aws.ts';
import { runMigration } from './run-migration.ts';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache');

declare module 'vitest' {
  interface ProvidedContext {
    /** The environment of every Lambda under test. */
    environment: Record<string, string>;
    workerSecretArn: string;
    queues: Record<string, string>;
  }
}

/**
 * Starts the local AWS endpoints over one database for the whole suite, and migrates it as a deployment would. The
 * migrated embedded database is kept under `.cache`, by a hash of what made it.
 */
export default async function setup(project: TestProject) {
  mkdirSync(CACHE, { recursive: true });
  const dataFolder = await mkdtemp(join(tmpdir(), 'vicinity-test-'));
  const snapshot = join(CACHE, `database-${await fingerprint()}.tar`);
  const databaseUrl = process.env.DATABASE_URL;
  const aws = await startAws({ dataFolder, databaseUrl, snapshot, inMemory: true, now: () => new Date() });
  const base = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local-admin',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL: aws.endpoint,
    DATABASE_ARN: aws.clusterArn,
    DATABASE_NAME: 'vicinity',
    TOKEN_KEY_ARN: aws.keys.tokenKeyArn,
    DATA_KEY_ARN: aws.keys.dataKeyArn,
  };
  const migration = {
    OWNER_SECRET_ARN: aws.secrets.owner,
    API_SECRET_ARN: aws.secrets.api,
    WORKER_SECRET_ARN: aws.secrets.worker,
  };
  const { TokenKeys, DataKeys } = await runMigration(join(ROOT, 'sql'), { ...base, ...migration });
  if (!databaseUrl && !existsSync(snapshot)) await aws.saveSnapshot(snapshot);
  const queues = await connectBus(aws, ofKind(await readCatalogue(ROOT), 'queue'));
  project.provide('environment', {
    ...base,
    TOKEN_KEYS: TokenKeys,
    DATA_KEYS: DataKeys,
    DATABASE_SECRET_ARN: aws.secrets.api,
    OWNER_SECRET_ARN: aws.secrets.owner,
    HASH_KEY_ARN: aws.keys.hashKeyArn,
    RELAY_QUEUE_URL: queues.relay ?? '',
    EVENT_BUS_NAME: 'vicinity',
    SMS_ORIGINATION_IDENTITY: '+15005550006',
    WHATSAPP_PHONE_NUMBER_ID: 'phone-number-id-0123456789',
    EMAIL_FROM: 'no-reply@vicinity.example',
  });
  project.provide('workerSecretArn', aws.secrets.worker);
  project.provide('queues', queues);
  const control = await serveControl(aws);
  project.provide('controlUrl', control.url);
  return async () => {
    control.close();
    await aws.close();
    await rm(dataFolder, { recursive: true, force: true });
  };
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const script of readScripts(join(ROOT, 'sql')))
    if (script.name !== 'schema') hash.update(script.fingerprint);
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  return hash.digest('hex').slice(0, 16);
}
