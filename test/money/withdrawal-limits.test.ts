import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed, priceOf } from '../booking/bookings.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { PASSWORD, type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { set, withSetting } from '../support/settings.ts';
import { balancesOf, pay, topUp } from './ledger.ts';
import { breaches, initiated } from './pay.ts';
import { connected, leftAlone, payoutsOf, plainTerms, rewound } from './payout-runs.ts';
import { given, owing, WITHDRAWALS } from './withdrawers.ts';

let person: Person;
let host: Person;
let staff: Person;
beforeAll(async () => {
  await plainTerms('driveway');
  await set('driveway', 'wallet_withdrawal_min', 100);
  await set('driveway', 'wallet_withdrawal_review_amount', 1_000_000);
  host = await signUp('driveway', { roles: ['host'] });
  staff = await signUpStaff('driveway', 'admin');
});
afterAll(() => rewound('driveway'));
beforeEach(async () => {
  vi.useRealTimers();
  person = await signUpWithPassword('driveway', { roles: ['driver', 'host'] });
  await connected(person);
});
afterEach(async () => {
  await deliverEvents();
  expect(await breaches()).toEqual([]);
  await leftAlone(person);
});

const withdraw = (amount: number, headers = {}) => person.post(WITHDRAWALS, { amount }, { headers });
const wallet = async () => (await person.get('/api/v1/wallet')).body;
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { code, ...(field ? { errors: [{ field, code }] } : {}) },
});

test('what was topped up is spent first and not taken out, and to pay and cancel makes it nobody’s own', async () => {
  await topUp(person.id, 5_000);
  await given(person, 1_000);
  expect(await wallet()).toMatchObject({ balance: 6_000, withdrawable_amount: 1_000 });
  expect(await withdraw(1_001)).toMatchObject(refused(409, 'not_withdrawable', 'amount'));
  const times = { starts_at: inMinutes(60 * 60), ends_at: inMinutes(60 * 62) };
  const details = { payment_timeout: 900, ...times, ...priceOf(2_000, 300) };
  const booking = await placed(person, host, details);
  await initiated(person, booking, { use_wallet: true });
  expect(await wallet()).toMatchObject({ balance: 3_700, withdrawable_amount: 1_000 });
  await person.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await wallet()).toMatchObject({ balance: 6_000, withdrawable_amount: 1_000 });
  await pay(person.id, 5_500);
  expect(await wallet()).toMatchObject({ balance: 500, withdrawable_amount: 500 });
});

test('where a marketplace lets top-ups go they go last, and what has gone is not counted again', async () => {
  await topUp(person.id, 5_000);
  await given(person, 1_000);
  await withSetting('driveway', 'wallet_topups_withdrawable', true, async () => {
    expect(await wallet()).toMatchObject({ withdrawable_amount: 6_000 });
    expect((await withdraw(3_000)).status).toBe(201);
  });
  const [row] = await asOwner(
    sql`select topped_up_amount from money.payouts where provider_id = ${person.id}::uuid`,
  );
  expect(row.topped_up_amount).toBe(2_000);
  // Of the wallet's 3000 all is topped up; what comes then is the person's own again.
  await given(person, 700);
  expect(await wallet()).toMatchObject({ balance: 3_700, withdrawable_amount: 700 });
});

test('an amount that makes no sense, or more than there is, is refused', async () => {
  await given(person, 20_000);
  expect(await withdraw(99)).toMatchObject(refused(422, 'withdrawal_amount', 'amount'));
  for (const amount of [0, -5, 1.5, '100'])
    expect(await person.post(WITHDRAWALS, { amount })).toMatchObject({ status: 400 });
  expect(await person.post(WITHDRAWALS, { amount: 500, to: host.id })).toMatchObject({ status: 400 });
  await withSetting('driveway', 'payout_fee_amount', 250, async () => {
    expect(await withdraw(250)).toMatchObject(refused(422, 'withdrawal_amount', 'amount'));
  });
  expect(await withdraw(20_001)).toMatchObject(refused(409, 'not_withdrawable', 'amount'));
  await withSetting('driveway', 'wallet_withdrawal_max', 6_000, async () => {
    expect((await withdraw(4_000)).status).toBe(201);
    expect(await withdraw(2_001)).toMatchObject(refused(409, 'withdrawal_limit', 'amount'));
    expect((await withdraw(2_000)).status).toBe(201);
  });
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 14_000 });
});

test('who owes something, has nowhere to be paid to, or comes with a token only, takes nothing out', async () => {
  await given(person, 2_000);
  const token = { name: 'all', abilities: ['*'], password: PASSWORD };
  const { body } = await person.post('/api/v1/users/me/tokens', token);
  expect(await new Client('driveway', body.token).post(WITHDRAWALS, { amount: 500 })).toMatchObject(
    refused(403, 'session_required'),
  );
  await owing(person, 300);
  expect(await withdraw(500)).toMatchObject(refused(409, 'money_owed'));
  await leftAlone(person);
  expect(await withdraw(500)).toMatchObject(refused(409, 'no_payout_account'));
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 2_000 });
  expect(await payoutsOf(person)).toEqual([]);
});

test('a large one waits until staff release it, and what staff cancel is in the wallet again', async () => {
  await given(person, 9_500);
  await withSetting('driveway', 'wallet_withdrawal_review_amount', 4_000, async () => {
    // What comes after a small one is large with it.
    for (const amount of [500, 4_000, 5_000]) expect((await withdraw(amount)).status).toBe(201);
  });
  await deliverEvents();
  const [small, first, second] = await payoutsOf(person);
  expect([small.status, first.status, second.status]).toEqual(['processing', 'pending', 'pending']);
  const { body } = await staff.get(`/api/v1/admin/payouts?is_held=true&provider_id=${person.id}`);
  expect(body.items).toMatchObject([
    { id: second.id, is_held: true, held_for: 'staff', kind: 'withdrawal' },
    { id: first.id, is_held: true },
  ]);
  const decide = (id: string, decision: string) =>
    staff.post(`/api/v1/admin/payouts/${id}/decisions`, { decision, words: 'Looked at' });
  expect((await decide(first.id, 'release')).body).toMatchObject({ is_held: false, held_for: null });
  expect((await decide(second.id, 'cancel')).body).toMatchObject({ status: 'cancelled' });
  await deliverEvents();
  expect((await payoutsOf(person)).map(({ status }) => status)).toEqual([
    'processing',
    'processing',
    'cancelled',
  ]);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 5_000, withdrawing: 0 });
});
