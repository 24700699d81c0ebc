import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Aws, startAws } from '../../local/aws/aws.ts';
import { CACHE, hashOfMigrations, keepFolder } from './kept.ts';
import { runMigration } from './run-migration.ts';

const SQL = join(import.meta.dirname, '../../sql');

/** Local AWS endpoints over a database that is migrated as a deployment would, with what the migration answered. */
export type Migrated = {
  aws: Aws;
  environment: Record<string, string>;
  keys: { TokenKeys: string; DataKeys: string };
};

/** What the Lambdas are told of the endpoints, the database and the keys. */
const environmentOf = (aws: Aws): Record<string, string> => ({
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'local-admin',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_ENDPOINT_URL: aws.endpoint,
  DATABASE_ARN: aws.clusterArn,
  DATABASE_NAME: 'vicinity',
  TOKEN_KEY_ARN: aws.keys.tokenKeyArn,
  DATA_KEY_ARN: aws.keys.dataKeyArn,
});

/** @param source a PostgreSQL URL, or a file with a state of the embedded database to begin with, or nothing */
async function start(
  dataFolder: string,
  source: { databaseUrl?: string; snapshot?: string },
): Promise<Migrated> {
  const aws = await startAws({
    dataFolder,
    ...source,
    inMemory: true,
    databaseInThread: true,
    now: () => new Date(),
  });
  const environment = environmentOf(aws);
  const keys = await runMigration(SQL, {
    ...environment,
    OWNER_SECRET_ARN: aws.secrets.owner,
    API_SECRET_ARN: aws.secrets.api,
    WORKER_SECRET_ARN: aws.secrets.worker,
  });
  return { aws, environment, keys };
}

/**
 * The migrated embedded database, made once for the same migrations: the folder of its `database.tar` and `keys.json`. The database
 * holds data keys that only its own KMS keys unwrap, so the two are kept together.
 */
export const keptDatabase = (): Promise<string> =>
  // In a process of its own: the clients of whoever asks stay with the first endpoint that they meet.
  keepFolder('database', hashOfMigrations(), async folder => {
    await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'make-database.ts'), folder]);
  });

/** Makes its two files. */
export async function makeDatabase(folder: string): Promise<void> {
  const { aws } = await start(folder, {});
  await aws.saveSnapshot(join(folder, 'database.tar'));
  await aws.close();
}

/** Starts over a copy of the kept embedded database. Its snapshot is the file that others can begin with. */
export async function startEmbedded(dataFolder: string): Promise<Migrated & { snapshot: string }> {
  const kept = await keptDatabase();
  const snapshot = join(kept, 'database.tar');
  copyFileSync(join(kept, 'keys.json'), join(dataFolder, 'keys.json'));
  return { ...(await start(dataFolder, { snapshot })), snapshot };
}

/** Starts over a server, whose keys are kept by its address. */
export async function startOnServer(dataFolder: string, databaseUrl: string): Promise<Migrated> {
  mkdirSync(CACHE, { recursive: true });
  const keys = join(
    CACHE,
    `server-${createHash('sha256').update(databaseUrl).digest('hex').slice(0, 16)}.keys.json`,
  );
  if (existsSync(keys)) copyFileSync(keys, join(dataFolder, 'keys.json'));
  const migrated = await start(dataFolder, { databaseUrl });
  copyFileSync(join(dataFolder, 'keys.json'), keys);
  return migrated;
}
