import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { anonymous } from '../support/client.ts';
import { type Person, signUp } from '../support/people.ts';
import { pay, post, topUp } from './ledger.ts';

const WALLET = '/api/v1/wallet';
const ENTRIES = '/api/v1/wallet/entries';
const booking = randomUUID();
let driver: Person;
let host: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  await topUp(driver.id, 500);
  await pay(driver.id, 300);
  await post({
    type: 'tip',
    description: 'Tip',
    reference_type: 'booking',
    reference_id: booking,
    entries: [
      { account: 'wallet', user_id: driver.id, amount: -50 },
      { account: 'wallet', user_id: host.id, amount: 50 },
    ],
  });
});

test('a person sees what they have, what ever came in and what went out', async () => {
  const answer = await driver.get(WALLET);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({
    balance: 150,
    currency: 'USD',
    total_earned: 500,
    total_spent: 350,
    withdrawable_amount: 0,
    is_active: true,
    created_at: expect.any(String),
    updated_at: expect.any(String),
  });
});

test('the statement tells each movement, newest first, with the balance before and after it', async () => {
  const { body } = await driver.get(ENTRIES);
  expect(body.items[0]).toEqual({
    id: expect.any(String),
    type: 'debit',
    kind: 'tip',
    amount: 50,
    currency: 'USD',
    balance_before: 200,
    balance_after: 150,
    description: 'Tip',
    reference_type: 'booking',
    reference_id: booking,
    created_at: expect.any(String),
  });
  expect(body.items.slice(1)).toMatchObject([
    {
      type: 'debit',
      kind: 'payment',
      amount: 300,
      balance_before: 500,
      balance_after: 200,
      reference_id: null,
    },
    { type: 'credit', kind: 'wallet_topup', amount: 500, balance_before: 0, balance_after: 500 },
  ]);
  expect((await host.get(ENTRIES)).body.items).toMatchObject([{ type: 'credit', kind: 'tip', amount: 50 }]);
});

test('pages follow each other without a gap or a double, also when something comes in between', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  for (const amount of [1, 2, 3, 4, 5]) await topUp(person.id, amount);
  const amounts: number[] = [];
  let query = '?limit=2';
  for (let pages = 0; query !== '' && pages < 9; pages += 1) {
    const { body } = await person.get(`${ENTRIES}${query}`);
    amounts.push(...body.items.map((item: { amount: number }) => item.amount));
    query = body.next_cursor ? `?limit=2&cursor=${body.next_cursor}` : '';
    await topUp(person.id, 100);
  }
  expect(amounts).toEqual([5, 4, 3, 2, 1]);
});

test('nobody sees somebody else’s wallet, nor one of another marketplace', async () => {
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect((await stranger.get(WALLET)).body.balance).toBe(0);
  expect((await stranger.get(ENTRIES)).body.items).toEqual([]);
  expect((await anonymous('driveway').get(WALLET)).status).toBe(401);
  expect((await anonymous('driveway').get(ENTRIES)).status).toBe(401);
  const tenant = await signUp('spacall', { roles: ['customer'] });
  expect((await tenant.get(WALLET)).body).toMatchObject({ balance: 0, currency: 'PHP' });
});

test.each(['limit=0', 'cursor=forged', 'colour=red'])('the query %s is refused', async query => {
  const answer = await driver.get(`${ENTRIES}?${query}`);
  expect(answer.status).toBe(400);
  expect(answer.body.errors[0].field).toBe(query.split('=')[0]);
});
