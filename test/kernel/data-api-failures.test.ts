import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { openDatabase } from '../../lambdas/kernel/database.ts';
import { sql } from '../../lambdas/kernel/sql.ts';

const data = mockClient(RDSDataClient);
const Text = z.object({ value: z.string() });
const answer = (...rows: unknown[]) => ({ records: rows.map(row => [{ stringValue: JSON.stringify(row) }]) });
const fine = answer({ replayed: false, emitted: 0 }, { value: 'x' });
const refused = (sqlstate: string) => answer({ refused: { sqlstate, constraint: null, message: 'no' } });
const failure = (name: string) => Object.assign(new Error(name), { name });

beforeEach(() => {
  data.reset();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());
afterAll(() => data.restore());

/** Makes one trip. The waits between two tries pass at once. */
async function trip(options: { repeatable?: boolean; patience?: number } = {}) {
  const db = openDatabase(
    { marketplace: 'driveway', now: '2026-11-20T15:00:00Z' },
    { trips: 0, emitted: 0 },
    options,
  );
  const call = db.one(sql`select 1`, Text);
  call.catch(() => undefined);
  await vi.runAllTimersAsync();
  return call;
}

const calls = () => data.commandCalls(ExecuteStatementCommand).length;

test('a cluster that is waking up is waited for', async () => {
  data.on(ExecuteStatementCommand).rejectsOnce(failure('DatabaseResumingException')).resolves(fine);
  expect(await trip()).toEqual({ value: 'x' });
  expect(calls()).toBe(2);
});

test('a cluster that does not wake up in time is a 503 that says when to come back', async () => {
  data.on(ExecuteStatementCommand).rejects(failure('DatabaseResumingException'));
  const refusal = { code: 'unavailable', status: 503, headers: { 'retry-after': '15' } };
  await expect(trip({ patience: 5_000 })).rejects.toMatchObject(refusal);
  expect(calls()).toBeGreaterThan(4);
});

test.each(['40001', '40P01'])('a transaction that %s rolled back is made again', async sqlstate => {
  data.on(ExecuteStatementCommand).resolvesOnce(refused(sqlstate)).resolves(fine);
  expect(await trip()).toEqual({ value: 'x' });
});

test('a transaction that keeps failing is given up', async () => {
  data.on(ExecuteStatementCommand).resolves(refused('40P01'));
  await expect(trip()).rejects.toThrow(/40P01/);
  expect(calls()).toBe(4);
});

test('a broken connection is not tried again when the write may have been made', async () => {
  data.on(ExecuteStatementCommand).rejects(failure('TimeoutError'));
  await expect(trip()).rejects.toMatchObject({ name: 'DataApiError', code: 'TimeoutError' });
  expect(calls()).toBe(1);
});

test('a broken connection is tried again when the call may be repeated', async () => {
  data.on(ExecuteStatementCommand).rejectsOnce(failure('TimeoutError')).resolves(fine);
  expect(await trip({ repeatable: true })).toEqual({ value: 'x' });
});
