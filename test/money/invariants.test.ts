import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { logsOf } from '../support/logs.ts';
import { signUp, signUpStaff } from '../support/people.ts';
import { inScratch, type Run } from '../support/scratch.ts';
import { pay, platformBalances, topUp } from './ledger.ts';

const INVARIANTS = '/api/v1/admin/invariants';

/** What a check finds in the transaction of a scratch, without those that hold. */
async function brokenIn(run: Run, since = 'null'): Promise<Record<string, number>> {
  const rows = await run(
    `select name, breaches from money.check_invariants((${since})::timestamptz) where breaches > 0`,
  );
  return Object.fromEntries(rows.map(({ name, breaches }) => [name, breaches]));
}

test('finance sees that everything holds, and nobody else may look', async () => {
  const finance = await signUpStaff('homigo', 'finance');
  const answer = await finance.get(INVARIANTS);
  expect(answer.status).toBe(200);
  expect(answer.body.holds).toBe(true);
  expect(answer.body.invariants.map((row: { name: string }) => row.name)).toEqual(
    expect.arrayContaining(['ledger_sums_to_zero', 'balances_equal_entries', 'statements_are_unbroken']),
  );
  const since = new Date(Date.now() - 60_000).toISOString();
  expect((await finance.get(`${INVARIANTS}?since=${since}`)).body.holds).toBe(true);
  const moderator = await signUpStaff('homigo', 'moderator');
  expect((await moderator.get(INVARIANTS)).body.code).toBe('forbidden');
  const tenant = await signUp('homigo', { roles: ['tenant'] });
  expect((await tenant.get(INVARIANTS)).body.code).toBe('forbidden');
});

test('a balance that somebody changed by hand is found, by its account and in the sum, also by the hourly check', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await topUp(person.id, 500);
  await inScratch(async run => {
    await run(`
      update money.balances set balance = balance + 7, total_in = total_in + 7
      where account_id = (select id from money.wallets where user_id = '${person.id}') returning 1 as done`);
    const broken = { balances_equal_entries: 1, ledger_sums_to_zero: 1 };
    expect(await brokenIn(run)).toEqual(broken);
    expect(await brokenIn(run, `now() - interval '1 day'`)).toEqual(broken);
    const [row] = await run(`
      select examples::text from money.check_invariants(null) where name = 'balances_equal_entries'`);
    expect(JSON.parse(row.examples)).toMatchObject([
      { user_id: person.id, kind: 'wallet', balance: 507, entries: 500 },
    ]);
    // Another marketplace is not told.
    await run(`select set_config('app.marketplace', 'homigo', true)`);
    expect(await brokenIn(run)).toEqual({});
  });
});

test('entries that were forged past every trigger are found', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await topUp(person.id, 500);
  await inScratch(async run => {
    await run('alter table money.entries disable trigger user');
    await run(`
      update money.entries e set amount = 499 from money.accounts a
      where a.id = e.account_id and a.owner_id = '${person.id}' returning 1 as done`);
    expect(await brokenIn(run)).toEqual({ transfers_sum_to_zero: 1, statements_are_unbroken: 1 });
  });
  await inScratch(async run => {
    await run('alter table money.transfer_keys disable trigger user');
    await run(`delete from money.transfer_keys where transfer_id in (
      select e.transfer_id from money.entries e join money.accounts a on a.id = e.account_id
      where a.owner_id = '${person.id}') returning 1 as done`);
    expect(await brokenIn(run)).toEqual({ transfers_are_posted_once: 1 });
  });
});

test('the hourly run rolls up what was posted, and no balance changes by it', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  await topUp(person.id, 500);
  await pay(person.id, 120);
  const before = await platformBalances();
  // A run marks how far it will go, and the next one goes there.
  await runSchedule('check-ledger');
  const result = (await runSchedule('check-ledger')) as { rolled_up: number; breaches: number };
  expect(result.rolled_up).toBeGreaterThan(0);
  expect(result.breaches).toBe(0);
  expect(await platformBalances()).toEqual(before);
  await pay(person.id, 5);
  expect((await platformBalances())['platform_revenue USD']).toBe((before['platform_revenue USD'] ?? 0) + 5);
  await runSchedule('check-ledger');
  await runSchedule('check-ledger');
  const [row] = await asOwner(sql`
    select r.amount, (select sum(e.amount) from money.entries e where e.account_id = a.id) as all_entries
    from money.rollups r join money.accounts a on a.id = r.account_id
    where a.kind = 'platform_revenue' and a.marketplace = 'driveway' and a.currency = 'USD'`);
  expect(row.amount).toBe(row.all_entries);
});

test('a mark is not passed while a transaction from before it is open', () =>
  inScratch(async run => {
    // This transaction has an id, as one has that posts: what ends later than the mark waits for the next rollup.
    await run('select pg_current_xact_id()::text as id');
    await run('delete from money.rollup_boundary returning 1 as done');
    await run(
      'insert into money.rollup_boundary (through, horizon) select 1000000, pg_current_xact_id()::text::bigint + 1 returning 1 as done',
    );
    const [row] = await run('select money.roll_up()::integer as taken');
    expect(row.taken).toBe(0);
  }));

test('a breach counts for the alarm and is logged with examples', async () => {
  // A function that exists anyway serves as a checker: it returns a row for whatever it is asked.
  await asOwner(sql`
    insert into money.invariants (name, description, checker)
    values ('test_breach', 'Broken by a test.', 'to_jsonb') returning name`);
  try {
    const lines = await logsOf(() => runSchedule('check-ledger'));
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'error', name: 'test_breach', examples: [expect.any(String)] }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ schedule: 'check-ledger', breaches: 1 }));
  } finally {
    await asOwner(sql`delete from money.invariants where name = 'test_breach' returning name`);
  }
});

test('the trial balance shows what the marketplace’s accounts hold, and sums to zero', async () => {
  const person = await signUp('spacall', { roles: ['customer'] });
  await topUp(person.id, 500, 'spacall', 'PHP');
  const admin = await signUpStaff('spacall', 'admin');
  const { status, body } = await admin.get('/api/v1/admin/ledger');
  expect(status).toBe(200);
  const items: { currency: string; kind: string; balance: number }[] = body.items;
  const sums = Object.groupBy(items, item => item.currency);
  for (const of of Object.values(sums)) expect(of?.reduce((sum, { balance }) => sum + balance, 0)).toBe(0);
  expect(items.find(({ kind }) => kind === 'wallet')?.balance).toBeGreaterThanOrEqual(500);
  expect((await person.get('/api/v1/admin/ledger')).body.code).toBe('forbidden');
});
