import { createHash } from 'node:crypto';
import { constants, copyFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { readScripts } from '../../lambdas/platform/migrations.ts';
import { ofKind, readCatalogue } from '../../lib/catalogue.ts';
import { arnOf, startAws } from '../../local/aws/aws.ts';
import { startAadhaar } from '../../local/fakes/aadhaar.ts';
import { startTesla } from '../../local/fakes/tesla.ts';
import { connectBus } from './connect-bus.ts';
import { serveControl } from './control-aws.ts';
import { startPaymentProviders } from './payment-providers.ts';
import { runMigration } from './run-migration.ts';

const ROOT = join(import.meta.dirname, '../..');
const CACHE = join(ROOT, '.cache');

declare module 'vitest' {
  interface ProvidedContext {
    /** The environment of every Lambda under test. */
    environment: Record<string, string>;
    workerSecretArn: string;
    queues: Record<string, string>;
    /** Where the migrated embedded database is kept. Null on a server. */
    snapshot: string | null;
  }
}

/**
 * Starts the local AWS endpoints over one database for the whole suite, and migrates it as a deployment would. The
 * migrated embedded database is kept under `.cache`, by a hash of what made it; of a server's, by its address, only the keys.
 */
export default async function setup(project: TestProject) {
  mkdirSync(CACHE, { recursive: true });
  const dataFolder = await mkdtemp(join(tmpdir(), 'vicinity-test-'));
  // The database holds data keys that only its own KMS keys unwrap: the two are kept together.
  const databaseUrl = process.env.DATABASE_URL;
  const snapshot = join(CACHE, `database-${await fingerprint()}.keyed.tar`);
  const server = join(
    CACHE,
    `server-${createHash('sha256').update(`${databaseUrl}`).digest('hex').slice(0, 16)}`,
  );
  const databaseKeys = `${databaseUrl ? server : snapshot}.keys.json`;
  if (existsSync(databaseKeys)) copyFileSync(databaseKeys, join(dataFolder, 'keys.json'));
  const aws = await startAws({ dataFolder, databaseUrl, snapshot, inMemory: true, now: () => new Date() });
  const aadhaar = await startAadhaar();
  const aadhaarSecret = `${aws.secrets.api}-aadhaar`;
  aws.declareSecret({
    arn: aadhaarSecret,
    template: { username: 'aadhaar' },
    value: Object.values(aadhaar.secrets)[0],
  });
  const tesla = await startTesla();
  const [teslaUrl = ''] = Object.values(tesla.urls);
  const teslaSecret = `${aws.secrets.api}-tesla`;
  aws.declareSecret({
    arn: teslaSecret,
    template: { username: 'tesla' },
    value: Object.values(tesla.secrets)[0],
  });
  const payments = await startPaymentProviders(aws);
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
  if (!existsSync(databaseKeys)) {
    // Of two suites that begin at once the first one's is kept.
    copyFileSync(join(dataFolder, 'keys.json'), databaseKeys, constants.COPYFILE_EXCL);
    if (!databaseUrl) await aws.saveSnapshot(snapshot);
  }
  await aws.declareBucket({ name: 'vicinity-uploads' });
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
    UPLOADS_BUCKET: 'vicinity-uploads',
    PUSH_APNS_APPLICATION_ARN: arnOf('sns', 'app/APNS/vicinity-ios'),
    PUSH_FCM_APPLICATION_ARN: arnOf('sns', 'app/GCM/vicinity-android'),
    EMAIL_FROM: 'no-reply@vicinity.example',
    AADHAAR_SECRET_ARN: aadhaarSecret,
    AADHAAR_API_URL: Object.values(aadhaar.urls)[0] ?? '',
    TESLA_SECRET_ARN: teslaSecret,
    TESLA_AUTH_URL: teslaUrl,
    TESLA_TOKEN_URL: teslaUrl,
    TESLA_API_URL: teslaUrl,
    TESLA_API_URL_NA: teslaUrl,
    TESLA_API_URL_EU: `${teslaUrl}/eu`,
    TESLA_API_URL_CN: `${teslaUrl}/cn`,
    TESLA_REDIRECT_URI: 'https://driveway.example/tesla/callback',
    ...payments.environment,
  });
  project.provide('workerSecretArn', aws.secrets.worker);
  project.provide('queues', queues);
  project.provide('snapshot', databaseUrl ? null : snapshot);
  const control = await serveControl(aws);
  project.provide('controlUrl', control.url);
  return async () => {
    control.close();
    await aadhaar.close();
    await tesla.close();
    await payments.close();
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
