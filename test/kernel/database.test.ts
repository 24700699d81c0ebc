import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { encodeCursor } from '../../lambdas/kernel/cursor.ts';
import { openDatabase } from '../../lambdas/kernel/database.ts';
import { Refusal, refuse } from '../../lambdas/kernel/refusal.ts';
import { sql } from '../../lambdas/kernel/sql.ts';

const context = { marketplace: 'driveway', now: '2026-11-20T15:00:00.000Z', access: 'everyone' };
const open = (more = {}, options = {}) =>
  openDatabase({ ...context, ...more }, { trips: 0, emitted: 0 }, options);
const Text = z.object({ value: z.string() });

test('a statement runs as the api role, about the marketplace and the moment of its call', async () => {
  const row = await open().one(
    sql`select current_user as role, app.marketplace() as marketplace, app.actor() as actor, app.now() as now`,
    z.object({ role: z.string(), marketplace: z.string(), actor: z.null(), now: z.string() }),
  );
  expect(row).toEqual({
    role: 'vicinity_api',
    marketplace: 'driveway',
    actor: null,
    now: '2026-11-20T15:00:00+00:00',
  });
});

test('nothing of a call is left for the next one on the same connection', async () => {
  await open({ marketplace: 'homigo' }).one(sql`select app.marketplace() as value`, Text);
  const row = await open({ marketplace: '' }).one(
    sql`select app.marketplace() as value`,
    z.object({ value: z.null() }),
  );
  expect(row.value).toBeNull();
});

test('a call that needs somebody is refused before its statement runs', async () => {
  const call = open({ access: 'signed_in' }).one(sql`select app.emit('kernel.tested', '{}') as value`, Text);
  await expect(call).rejects.toMatchObject({ code: 'unauthenticated', status: 401 });
});

test('nobody is taken for a person without a session, not even where everybody may call', async () => {
  const call = open({ actor: '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e' }).one(sql`select 'x' as value`, Text);
  await expect(call).rejects.toMatchObject({ code: 'unauthenticated' });
});

test('one row that is not there is a refusal, and may be null where the verb says so', async () => {
  await expect(open().one(sql`select 'x' as value where false`, Text)).rejects.toMatchObject({
    code: 'not_found',
  });
  expect(await open().maybeOne(sql`select 'x' as value where false`, Text)).toBeNull();
});

test('a row that comes as one column is the row', async () => {
  const row = await open().one(
    sql`select l as row_value from (select 'x' as value, 2 as other) as l`,
    z.object({ value: z.string(), other: z.number() }),
  );
  expect(row).toEqual({ value: 'x', other: 2 });
});

test('two rows for one are a mistake of ours, not of the caller', async () => {
  const error = await open()
    .one(sql`select 'x' as value from generate_series(1, 2)`, Text)
    .catch(e => e);
  expect(error).not.toBeInstanceOf(Refusal);
  expect(error.message).toBe('A statement for one row returned 2.');
});

test('a row that has not the declared shape is a mistake of ours', async () => {
  await expect(open().one(sql`select 1 as value`, Text)).rejects.toThrow(/expected|invalid/i);
});

const large = (rows: number) =>
  sql`select n, repeat('x', 60000) as text from generate_series(1, ${rows}::integer) as n`;
const Large = z.object({ n: z.int(), text: z.string() });

test('a page ends before its rows are more than the Data API answers with, and says where it goes on', async () => {
  const page = await open().page(large(101), Large, 100, row => [row.n]);
  expect(page.items.map(row => row.n)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(page.next_cursor).toBe(encodeCursor([8]));
  const last = await open().page(large(8), Large, 100, row => [row.n]);
  expect(last).toMatchObject({ items: { length: 8 }, next_cursor: null });
});

test('no other verb takes a part for the whole', async () => {
  await expect(open().many(large(9), Large)).rejects.toThrow(/more rows than fit/);
});

test('a constraint is refused by the name that the use case gives it', async () => {
  const refusals = { some_rule: refuse('rule_broken', 409, 'That breaks the rule.', 'thing') };
  const call = open({}, { refusals }).execute(sql`select app.refuse('some_rule')`);
  await expect(call).rejects.toMatchObject({
    code: 'rule_broken',
    status: 409,
    errors: [{ field: 'thing' }],
  });
});

test('an error that nobody declared stays an error and keeps its sqlstate', async () => {
  const error = await open()
    .execute(sql`select 1 / 0`)
    .catch(e => e);
  expect(error).not.toBeInstanceOf(Refusal);
  expect(error.message).toContain('22012');
});

test('text that PostgreSQL cannot store is the caller’s mistake', async () => {
  const call = open().execute(sql`select ${'a\u0000b'}::text as value`);
  await expect(call).rejects.toMatchObject({ code: 'invalid_input', status: 400 });
});

test('the api role reaches no table that was not granted', async () => {
  const error = await open()
    .execute(sql`select 1 from app.outbox`)
    .catch(e => e);
  expect(error.message).toContain('42501');
});
