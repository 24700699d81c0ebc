import {
  BeginTransactionCommand,
  CommitTransactionCommand,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Aws } from '../../local/aws/aws.ts';
import { dataApi } from './data-api.ts';
import { startOwnAws } from './shared-aws.ts';

const times = { statementMilliseconds: 700, idleTransactionMilliseconds: 150 };
let aws: Aws;
let api: ReturnType<typeof dataApi>;

beforeAll(async () => {
  aws = await startOwnAws({ limits: times });
  api = dataApi(aws);
  await api.run('create table note (text text)');
});
afterAll(() => aws.close());

const begin = async () =>
  (await api.client.send(new BeginTransactionCommand(api.target))).transactionId ?? '';
const commit = (transactionId: string) =>
  api.client.send(new CommitTransactionCommand({ ...api.target, transactionId }));
const rollback = (transactionId: string) =>
  api.client.send(new RollbackTransactionCommand({ ...api.target, transactionId }));
const inside = (transactionId: string, sql: string) => api.run(sql, [], { transactionId });
const notes = async () =>
  (await api.run('select text from note order by text')).records?.map(r => r[0]?.stringValue);

describe('a transaction', () => {
  test('keeps what it committed and forgets what it rolled back', async () => {
    const first = await begin();
    await inside(first, "insert into note values ('kept')");
    expect(await commit(first)).toMatchObject({ transactionStatus: 'Transaction Committed' });
    const second = await begin();
    await inside(second, "insert into note values ('lost')");
    expect(await rollback(second)).toMatchObject({ transactionStatus: 'Rollback Complete' });
    expect(await notes()).toEqual(['kept']);
  });

  test('is aborted by a failed statement until it is rolled back', async () => {
    const id = await begin();
    await expect(inside(id, 'select 1 / 0')).rejects.toThrow(/division by zero; SQLState: 22012/);
    await expect(inside(id, 'select 1')).rejects.toThrow(/current transaction is aborted.*SQLState: 25P02/s);
    await rollback(id);
  });

  test('is not found once it has ended, nor by another role', async () => {
    const id = await begin();
    await expect(
      api.run('select 1', [], { transactionId: id, secretArn: aws.secrets.api }),
    ).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
    });
    await commit(id);
    await expect(inside(id, 'select 1')).rejects.toMatchObject({
      name: 'TransactionNotFoundException',
      message: `Transaction ${id} is not found`,
    });
  });

  test('runs one statement at a time', async () => {
    const id = await begin();
    const slow = inside(id, 'select pg_sleep(0.3)');
    const early = vi.waitUntil(async () =>
      inside(id, 'select 1').then(
        () => undefined,
        error => error,
      ),
    );
    expect(await early).toMatchObject({
      name: 'DatabaseErrorException',
      message: 'Transaction is still running a query',
    });
    await slow;
    await rollback(id);
  });

  test('is rolled back when nobody uses it for its idle time', async () => {
    const id = await begin();
    await inside(id, "insert into note values ('abandoned')");
    // The embedded database has one connection: this waits until the transaction has gone.
    expect(await notes()).toEqual(['kept']);
    await expect(commit(id)).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
  });

  test('is lost when a response is too large', async () => {
    const id = await begin();
    await expect(inside(id, "select repeat('x', 100000)")).rejects.toMatchObject({
      name: 'BadRequestException',
    });
    await expect(inside(id, 'select 1')).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
  });
});

describe('a statement that takes too long', () => {
  test('times out and takes its transaction with it', async () => {
    const id = await begin();
    await expect(inside(id, 'select pg_sleep(1)')).rejects.toMatchObject({
      name: 'StatementTimeoutException',
    });
    await expect(inside(id, 'select 1')).rejects.toMatchObject({ name: 'TransactionNotFoundException' });
  });
});
