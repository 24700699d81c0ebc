import { beforeAll, expect, test } from 'vitest';
import { type Person, signUp } from '../support/people.ts';
import { post } from './ledger.ts';

const EARNINGS = '/api/v1/earnings/entries';
const DEBT = '/api/v1/debt/entries';
let host: Person;
let other: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  other = await signUp('driveway', { roles: ['host'] });
  const move = (type: string, account: string, user_id: string, amount: number) =>
    post({
      type,
      description: `A ${type}`,
      entries: [
        { account, user_id, amount },
        { account: 'platform_revenue', amount: -amount },
      ],
    });
  for (const amount of [1_000, 700, 200]) await move('release', 'provider_payable', host.id, amount);
  await move('release', 'provider_payable', other.id, 5_000);
  await move('refund', 'provider_payable', host.id, -600);
  await move('charge', 'receivable', host.id, -450);
  await move('netting', 'receivable', host.id, 450);
});

test('a provider sees each movement of what is owed to them, newest first, with what was owed after it', async () => {
  const { body } = await host.get(EARNINGS);
  expect(body.items[0]).toEqual({
    id: expect.any(String),
    type: 'refund',
    currency: 'USD',
    amount: -600,
    balance_after: 1_300,
    description: 'A refund',
    reference_type: null,
    reference_id: null,
    created_at: expect.any(String),
  });
  expect(
    body.items.map(({ amount, balance_after }: Record<string, number>) => [amount, balance_after]),
  ).toEqual([
    [-600, 1_300],
    [200, 1_900],
    [700, 1_700],
    [1_000, 1_000],
  ]);
});

test('what somebody owes is told in the same way, apart from what they earn', async () => {
  expect((await host.get(DEBT)).body).toMatchObject({
    items: [
      { type: 'netting', amount: 450, balance_after: 0 },
      { type: 'charge', amount: -450, balance_after: -450 },
    ],
    next_cursor: null,
  });
});

test('pages follow each other, and a cursor of one statement is none of another', async () => {
  const first = (await host.get(`${EARNINGS}?limit=3`)).body;
  const rest = (await host.get(`${EARNINGS}?limit=3&cursor=${first.next_cursor}`)).body;
  expect(rest).toMatchObject({ items: [{ amount: 1_000 }], next_cursor: null });
  expect(await host.get(`${DEBT}?cursor=${first.next_cursor}`)).toMatchObject({
    status: 400,
    body: { errors: [{ field: expect.stringMatching(/^cursor/) }] },
  });
});

test('nobody sees what others earn or owe', async () => {
  expect((await other.get(EARNINGS)).body.items).toMatchObject([{ amount: 5_000, balance_after: 5_000 }]);
  expect((await other.get(DEBT)).body.items).toEqual([]);
});
