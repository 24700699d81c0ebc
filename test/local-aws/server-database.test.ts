import { BeginTransactionCommand, CommitTransactionCommand } from '@aws-sdk/client-rds-data';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Aws } from '../../local/aws/aws.ts';
import { dataApi } from './data-api.ts';
import { startOwnAws } from './shared-aws.ts';

const databaseUrl = process.env.DATABASE_URL;

describe('PostgreSQL behind the Data API', () => {
  let aws: Aws;
  let api: ReturnType<typeof dataApi>;
  let admin: Client;

  beforeAll(async () => {
    aws = await startOwnAws({ databaseUrl, limits: { statementMilliseconds: 500 } });
    api = dataApi(aws);
    admin = new Client({ connectionString: databaseUrl });
    await admin.connect();
    await admin.query(
      'do $$ begin create role vicinity_worker login; exception when duplicate_object then null; end $$',
    );
    await api.run('drop schema if exists data_api_test cascade');
    await api.run('create schema data_api_test');
    await api.run('create table data_api_test.note (id int primary key, text text)');
  });
  afterAll(async () => {
    await api.run('drop schema data_api_test cascade');
    await admin.end();
    await aws.close();
  });

  test('runs statements as the role of their secret, in UTC', async () => {
    const sql = "select current_user::text, current_setting('timezone')";
    expect((await api.run(sql)).records).toEqual([
      [{ stringValue: 'vicinity_owner' }, { stringValue: 'UTC' }],
    ]);
    const worker = await api.run('reset role', [], { secretArn: aws.secrets.worker });
    expect(worker.numberOfRecordsUpdated).toBe(0);
    const { records } = await api.run('select current_user::text', [], { secretArn: aws.secrets.worker });
    expect(records).toEqual([[{ stringValue: 'vicinity_worker' }]]);
  });

  test('maps values and errors as the embedded one does', async () => {
    const { records } = await api.run('select 1::int8, true, null, array[1.5], :v::bytea', [
      { name: 'v', value: { blobValue: new Uint8Array([1]) } },
    ]);
    expect(records?.[0]).toEqual([
      { longValue: 1 },
      { booleanValue: true },
      { isNull: true },
      { arrayValue: { stringValues: ['1.5'] } },
      { blobValue: new Uint8Array([1]) },
    ]);
    await expect(api.run('select 1; select 2')).rejects.toMatchObject({ name: 'ValidationException' });
    await expect(api.run('select 1 / 0')).rejects.toMatchObject({
      name: 'DatabaseErrorException',
      message: 'ERROR: division by zero; SQLState: 22012',
    });
  });

  test('holds a transaction while others go on', async () => {
    const { transactionId } = await api.client.send(new BeginTransactionCommand(api.target));
    await api.run("insert into data_api_test.note values (1, 'held')", [], { transactionId });
    expect((await api.run('select id from data_api_test.note')).records).toEqual([]);
    await api.client.send(new CommitTransactionCommand({ ...api.target, transactionId }));
    expect((await api.run('select id from data_api_test.note')).records).toHaveLength(1);
  });

  test('builds an index concurrently, which no transaction may', async () => {
    await expect(api.run('create index concurrently on data_api_test.note (text)')).resolves.toBeDefined();
  });

  test('cancels a statement whose time is over, unless it may go on', async () => {
    const running = async () => {
      const sql =
        "select count(*)::int as n from pg_stat_activity where pid <> pg_backend_pid() and state = 'active' and query like '%pg_sleep(1.7%'";
      return (await admin.query<{ n: number }>(sql)).rows[0]?.n;
    };
    await expect(api.run('select pg_sleep(1.71), 2 as cancelled')).rejects.toMatchObject({
      name: 'StatementTimeoutException',
    });
    await vi.waitFor(async () => expect(await running()).toBe(0));
    const more = { continueAfterTimeout: true };
    await expect(api.run('select pg_sleep(1.72)', [], more)).rejects.toMatchObject({
      name: 'StatementTimeoutException',
    });
    expect(await running()).toBe(1);
  });
});
