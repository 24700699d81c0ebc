import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { balancesOf, entriesOf, pay, post, reverse, topUp } from './ledger.ts';

test('a reversal moves everything back, once, and names what it reverses', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const paid = await topUp(person.id, 500);
  const ids = await Promise.all([reverse(paid), reverse(paid), reverse(paid)]);
  expect(new Set(ids).size).toBe(1);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0 });
  expect(await entriesOf(ids[0] ?? '')).toMatchObject([
    { kind: 'gateway_clearing', type: 'reversal', amount: 500 },
    { kind: 'wallet', type: 'reversal', amount: -500, balance_after: 0 },
  ]);
  const [row] = await asOwner(sql`select type, reverses from money.transfers where id = ${ids[0]}::uuid`);
  expect(row).toEqual({ type: 'reversal', reverses: paid });
});

test('what has been spent cannot be taken back, and a reversal stays', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const paid = await topUp(person.id, 500);
  await pay(person.id, 1);
  await expect(reverse(paid)).rejects.toThrow('balances_overdraft_check');
  await topUp(person.id, 1);
  await expect(reverse(await reverse(paid))).rejects.toThrow('reversal_of_reversal');
});

test('credits that were spent come back as refunded, and earned ones go as an adjustment', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const move = (type: string, amount: number) =>
    post(
      {
        type: type === 'spent' ? 'payment' : type,
        currency: 'XCR',
        entries: [
          { account: 'credits', user_id: person.id, amount, type },
          { account: 'credit_expense', amount: -amount },
        ],
      },
      { marketplace: 'recovery' },
    );
  const earned = await move('earned', 50);
  const spent = await move('spent', -20);
  await reverse(spent, 'recovery');
  await reverse(earned, 'recovery');
  const rows = await asOwner(sql`
    select type, amount::integer, balance_after::integer from money.credit_transactions
    where user_id = ${person.id}::uuid order by number`);
  expect(rows.map(row => [row.type, row.amount, row.balance_after])).toEqual([
    ['earned', 50, 50],
    ['spent', -20, 30],
    ['refunded', 20, 50],
    ['adjustment', -50, 0],
  ]);
});

test('a transfer that is unknown or of another marketplace is not found', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const paid = await topUp(person.id, 500);
  await expect(reverse(paid, 'homigo')).rejects.toThrow('not_found');
  await expect(reverse(randomUUID())).rejects.toThrow('not_found');
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 500 });
});
