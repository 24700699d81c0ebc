import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { ofKind, readCatalogue } from '../../lib/catalogue.ts';
import { arnOf } from '../../local/aws/aws.ts';
import { startAadhaar } from '../../local/fakes/aadhaar.ts';
import { startTesla } from '../../local/fakes/tesla.ts';
import { connectBus } from './connect-bus.ts';
import { serveControl } from './control-aws.ts';
import { startEmbedded, startOnServer } from './migrated.ts';
import { startPaymentProviders } from './payment-providers.ts';

const ROOT = join(import.meta.dirname, '../..');

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

/** Where temporary folders are made: by each system's own name. */
const TEMPORARY = ['TMPDIR', 'TEMP', 'TMP'];

/**
 * Starts the local AWS endpoints over one database for the whole suite. Whatever the tests make in the temporary folder, they make
 * in one of this run, which goes with it.
 */
export default async function setup(project: TestProject) {
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-test-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.on('exit', remove);
  for (const name of TEMPORARY) process.env[name] = folder;
  const dataFolder = mkdtempSync(join(folder, 'aws-'));
  const databaseUrl = process.env.DATABASE_URL;
  const { aws, environment, keys, snapshot } = databaseUrl
    ? { ...(await startOnServer(dataFolder, databaseUrl)), snapshot: null }
    : await startEmbedded(dataFolder);
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
  await aws.declareBucket({ name: 'vicinity-uploads' });
  const queues = await connectBus(aws, ofKind(await readCatalogue(ROOT), 'queue'));
  project.provide('environment', {
    ...environment,
    TOKEN_KEYS: keys.TokenKeys,
    DATA_KEYS: keys.DataKeys,
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
  project.provide('snapshot', snapshot);
  const control = await serveControl(aws);
  project.provide('controlUrl', control.url);
  return async () => {
    control.close();
    await aadhaar.close();
    await tesla.close();
    await payments.close();
    await aws.close();
    remove();
  };
}
