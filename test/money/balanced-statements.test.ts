import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { topUp } from './ledger.ts';

let driver: Person;
/** A transfer of the driver's, and the accounts that it moved. */
let transfer: string;
let accounts: string[];

beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  await topUp(driver.id, 100);
  const rows = await asOwner(
    sql`select e.transfer_id, e.account_id from money.entries e where e.transfer_id = (
          select o.transfer_id from money.entries o join money.accounts a on a.id = o.account_id
          where a.owner_id = ${driver.id}::uuid)`,
  );
  transfer = rows[0].transfer_id;
  accounts = rows.map(({ account_id }) => account_id);
});

/** Writes entries of a transfer that there is not, past `money.post`, and asks. */
const write = (
  lines: [account: string, amount: number][],
  question = 'select 1 as done',
  table = 'money.entries',
) =>
  inScratch(async run => {
    const values = lines.map(([account, amount]) => `('${account}'::uuid, ${amount})`);
    await run(
      `with made as materialized (select app.uuid_v7() as id)
       insert into ${table} (transfer_id, account_id, type, currency, amount)
       select made.id, v.account, 'tip', 'USD', v.amount from made, (values ${values}) as v (account, amount)`,
    );
    return run(question);
  });

test('whoever writes entries, those of a statement sum to zero', async () => {
  const [one = '', two = ''] = accounts;
  expect(
    await write([
      [one, 5],
      [two, -5],
    ]),
  ).toEqual([{ done: 1 }]);
  await expect(
    write([
      [one, 5],
      [two, -4],
    ]),
  ).rejects.toThrow('transfer_unbalanced');
  await expect(write([[one, 5]])).rejects.toThrow('transfer_unbalanced');
});

test('whoever names the partition instead of the table is refused as well', async () => {
  const [one = '', two = ''] = accounts;
  const [{ partition }] = await asOwner(
    sql`select tableoid::regclass::text as partition from money.entries where transfer_id = ${transfer}::uuid limit 1`,
  );
  const lines: [string, number][] = [
    [one, 5],
    [two, -5],
  ];
  expect(await write(lines, 'select 1 as done', partition)).toEqual([{ done: 1 }]);
  await expect(write([[one, 5]], 'select 1 as done', partition)).rejects.toThrow('transfer_unbalanced');
  await expect(inScratch(run => run(`truncate ${partition} cascade`))).rejects.toThrow('is append-only');
});

test('an entry on no account, or in another currency than its account’s, is refused', async () => {
  const [one = ''] = accounts;
  await expect(
    write([
      [one, 5],
      [transfer, -5],
    ]),
  ).rejects.toThrow('entry_without_account');
});

test('entries whose transfer is gone are found by the hour', async () => {
  const [one = '', two = ''] = accounts;
  const found = await write(
    [
      [one, 5],
      [two, -5],
    ],
    `select breaches from money.check_invariants(now() - interval '1 hour') where name = 'transfers_are_posted_once'`,
  );
  expect(found).toEqual([{ breaches: 2 }]);
});
