import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Aws, startAws } from '../../local/aws/aws.ts';
import { dataApi } from './data-api.ts';
import { callAs, startOwnAws } from './shared-aws.ts';

let aws: Aws;
let run: ReturnType<typeof dataApi>['run'];

beforeAll(async () => {
  aws = await startOwnAws();
  run = dataApi(aws).run;
});
beforeEach(() => aws.faults.clear());
afterAll(() => aws.close());

describe('faults', () => {
  test('fail the next calls of an action before anything is done', async () => {
    aws.faults.add({
      action: 'rds-data:ExecuteStatement',
      kind: 'fail',
      error: 'DatabaseResumingException',
      times: 2,
    });
    await expect(run('select 1')).rejects.toMatchObject({ name: 'DatabaseResumingException' });
    expect(aws.faults.list()).toMatchObject([{ times: 1 }]);
    await expect(run('select 1')).rejects.toMatchObject({ name: 'DatabaseResumingException' });
    await expect(run('select 1')).resolves.toBeDefined();
  });

  test('concern one caller where they name one', async () => {
    aws.declarePrincipal({
      accessKeyId: 'somebody',
      statements: [{ Effect: 'Allow', Action: '*', Resource: '*' }],
    });
    aws.faults.add({ action: 'rds-data:*', kind: 'fail', times: 1, accessKeyId: 'somebody' });
    await expect(run('select 1')).resolves.toBeDefined();
    await expect(dataApi(aws, 'somebody').run('select 1')).rejects.toMatchObject({ name: 'InternalFailure' });
  });

  test('delay a call and let it go on', async () => {
    aws.faults.add({ action: '*', kind: 'delay', seconds: 0.1, times: 1 });
    const began = performance.now();
    await expect(run('select 1')).resolves.toBeDefined();
    expect(performance.now() - began).toBeGreaterThan(95);
  });
});

test('counts the trips of each caller', async () => {
  aws.trips.clear();
  await run('select 1');
  await run('select 1');
  await new KMSClient(callAs(aws)).send(new GetPublicKeyCommand({ KeyId: aws.keys.tokenKeyArn }));
  expect([...aws.trips]).toEqual([['local-admin', 2]]);
});

test('tells of a call that succeeded before its answer leaves, and of no other', async () => {
  const told: string[] = [];
  aws.onAnswer(({ action, accessKeyId }) => void told.push(`${accessKeyId} ${action}`));
  await run('select 1');
  await expect(run('select 1 / 0')).rejects.toThrow();
  expect(told).toEqual(['local-admin rds-data:ExecuteStatement']);
});

test('knows no service that is not there', async () => {
  const response = await fetch(aws.endpoint, {
    method: 'POST',
    headers: {
      authorization: 'AWS4-HMAC-SHA256 Credential=local-admin/20260101/us-east-1/dynamodb/aws4_request',
    },
  });
  expect(response.status).toBe(404);
  expect(response.headers.get('x-amzn-errortype')).toBe('UnknownServiceException');
});

describe('a start', () => {
  const dataFolder = mkdtempSync(join(tmpdir(), 'vicinity-start-'));
  const now = () => new Date();
  afterAll(() => rmSync(dataFolder, { recursive: true }));

  test('refuses a folder that is in use, in one sentence', async () => {
    const first = await startAws({ dataFolder, inMemory: true, now });
    await expect(startAws({ dataFolder, inMemory: true, now })).rejects.toThrow(
      `The data folder ${dataFolder} is in use. Stop who uses it, or name another folder.`,
    );
    await first.close();
  });

  test('refuses a port that is in use, and releases the folder', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => other.once('listening', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await expect(startAws({ dataFolder, inMemory: true, now, port })).rejects.toThrow(
      `Port ${port} cannot be used for the local AWS endpoint`,
    );
    other.close();
    await (await startAws({ dataFolder, inMemory: true, now })).close();
  });

  test.each([
    [
      'postgres://nobody:x@127.0.0.1:1/none',
      /^PostgreSQL at 127\.0\.0\.1:1\/none cannot be used: .*ECONNREFUSED/,
    ],
    ['not a url', /^DATABASE_URL is not a PostgreSQL URL/],
  ])('refuses the database %s, in one sentence', async (databaseUrl, sentence) => {
    await expect(startAws({ dataFolder, databaseUrl, now })).rejects.toThrow(sentence);
  });

  test('keeps what is in the database, and begins another from its snapshot', async () => {
    const snapshot = join(dataFolder, 'snapshot.tar');
    const first = await startAws({ dataFolder, now });
    await dataApi(first).run('create table kept (n int)');
    await first.saveSnapshot(snapshot);
    await dataApi(first).run('insert into kept values (7)');
    await first.close();

    const second = await startAws({ dataFolder, now, snapshot });
    expect((await dataApi(second).run('select n from kept')).records).toEqual([[{ longValue: 7 }]]);
    await second.close();

    const third = await startOwnAws({ snapshot });
    expect((await dataApi(third).run('select n from kept')).records).toEqual([]);
    await third.close();
  });
});
