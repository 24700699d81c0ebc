import { join } from 'node:path';
import { openDatabase } from '../database/open-database.ts';
import type { Aws, AwsOptions } from './declarations.ts';
import { makeEventBridge } from './events/event-bridge.ts';
import { makeFaults } from './faults.ts';
import { makePrincipals } from './iam/principals.ts';
import { openKeptFile } from './kept-file.ts';
import { makeKeyStore } from './kms/key-store.ts';
import { makeKms } from './kms/kms.ts';
import { lockFolder } from './lock-folder.ts';
import { makeMessages } from './messages.ts';
import { makeGeoPlaces } from './providers/geo-places.ts';
import { makeRekognition } from './providers/rekognition.ts';
import { makeSes } from './providers/ses.ts';
import { makeSmsVoice } from './providers/sms-voice.ts';
import { makeSocialMessaging } from './providers/social-messaging.ts';
import { declareQueues } from './queues/declare-queues.ts';
import { startFauxqsInside } from './queues/fauxqs.ts';
import { makeS3 } from './queues/s3.ts';
import { makeSns } from './queues/sns.ts';
import { makeSqs } from './queues/sqs.ts';
import { timeLimits } from './rds-data/limits.ts';
import { makeRdsData } from './rds-data/rds-data.ts';
import { makeSecrets } from './secrets-manager.ts';
import { type CallOfInterest, startServer } from './server.ts';
import type { Service } from './service.ts';
import { declareStandard } from './standard.ts';

export { arnOf, region } from './account.ts';
export type * from './declarations.ts';

/**
 * Starts the endpoint.
 *
 * @throws Error with one clear sentence where the folder, the database or the port cannot be had
 */
export async function startAws(options: AwsOptions): Promise<Aws> {
  const unlock = lockFolder(options.dataFolder);
  const undo: (() => unknown)[] = [unlock];
  try {
    return await start(options, undo);
  } catch (error) {
    for (const step of undo.reverse()) await step();
    throw error;
  }
}

/** @param undo takes what must be undone, in the order of doing */
async function start(options: AwsOptions, undo: (() => unknown)[]): Promise<Aws> {
  const folder = options.dataFolder;
  options.onStep?.(options.databaseUrl ? 'Connecting to PostgreSQL' : 'Opening the database');
  const database = await openDatabase({
    url: options.databaseUrl,
    folder: options.inMemory ? undefined : join(folder, 'database'),
    snapshot: options.snapshot,
    inThread: options.databaseInThread,
  });
  undo.push(() => database.close());
  const fauxqs = await startFauxqsInside();
  undo.push(() => fauxqs.close());

  const faults = makeFaults();
  const messages = makeMessages(options.now);
  const principals = makePrincipals();
  const keys = makeKeyStore(openKeptFile(join(folder, 'keys.json')));
  const secrets = makeSecrets(openKeptFile(join(folder, 'secrets.json')));
  const rdsData = makeRdsData(database, secrets, { ...timeLimits, ...options.limits });
  const queueKeys = new Map<string, string>();
  const trips = new Map<string, number>();
  const listeners: ((call: CallOfInterest) => void | Promise<void>)[] = [];

  const host = () => endpoint.slice('http://'.length);
  const queues = declareQueues(fauxqs, host, queueKeys);
  const events = makeEventBridge(queues.send);
  const services = new Map<string, Service>([
    ['rds-data', rdsData],
    ['secretsmanager', secrets],
    ['kms', makeKms(keys)],
    ['sqs', makeSqs(fauxqs, queueKeys)],
    ['sns', makeSns(fauxqs, messages)],
    ['s3', makeS3(fauxqs, options.now)],
    ['events', events],
    ['geo-places', makeGeoPlaces()],
    ['rekognition', makeRekognition(fauxqs)],
    ['ses', makeSes(messages)],
    ['sms-voice', makeSmsVoice(messages)],
    ['social-messaging', makeSocialMessaging(messages)],
  ]);
  const server = await startServer({ services, principals, faults, trips, listeners }, options.port ?? 0);
  undo.push(
    () => server.close(),
    () => server.closeAllConnections(),
  );
  const address = server.address();
  const endpoint = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

  return {
    endpoint,
    ...declareStandard({ rdsData, secrets, keys }),
    declareCluster: rdsData.declareCluster,
    declareSecret: secrets.declare,
    declareKey: keys.declare,
    declareQueue: queues.declareQueue,
    declareTopic: queues.declareTopic,
    declareSubscription: queues.declareSubscription,
    declareBucket: queues.declareBucket,
    declareBus: ({ name }) => events.declareBus(name),
    declareRule: events.declareRule,
    declarePrincipal: principals.declare,
    faults,
    messages,
    trips,
    onAnswer: listener => void listeners.push(listener),
    queueDepths: queues.depths,
    saveSnapshot: file => database.save(file),
    async close() {
      for (const step of undo.toReversed()) await step();
    },
  };
}
