import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed, priceOf } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { PASSWORD, type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { set, withSetting } from '../support/settings.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, pay, post, topUp } from './ledger.ts';
import { breaches, initiated } from './pay.ts';
import { connected, heard, leftAlone, paidOut, payoutsOf, plainTerms, rewound } from './payout-runs.ts';

const WITHDRAWALS = '/api/v1/wallet/withdrawals';
let person: Person;
let host: Person;
let staff: Person;
beforeAll(async () => {
  await plainTerms('driveway');
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

/** Gives the person something that is their own, as a refund into the wallet does. */
const given = (amount: number) =>
  post({
    type: 'refund',
    entries: [
      { account: 'wallet', user_id: person.id, amount },
      { account: 'platform_revenue', amount: -amount },
    ],
  });
const withdraw = (amount: number, headers = {}) => person.post(WITHDRAWALS, { amount }, { headers });
const wallet = async () => (await person.get('/api/v1/wallet')).body;
const refused = (status: number, code: string, field?: string) => ({
  status,
  body: { code, ...(field ? { errors: [{ field, code }] } : {}) },
});

test('what is one’s own leaves the wallet at once, and is paid when Stripe says so', async () => {
  await given(5_000);
  expect(await wallet()).toMatchObject({ balance: 5_000, withdrawable_amount: 5_000 });
  const made = await withdraw(3_000);
  expect(made).toMatchObject({
    status: 201,
    body: {
      kind: 'withdrawal',
      status: 'pending',
      amount: 3_000,
      gross_amount: 3_000,
      period_start: null,
      period_end: null,
      account: { kind: 'stripe' },
    },
  });
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 2_000, withdrawing: 3_000 });
  await deliverEvents();
  const [sent] = await payoutsOf(person);
  expect(sent).toMatchObject({ status: 'processing', amount: 3_000, attempts: 1 });
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 2_000, withdrawing: 0 });
  expect((await person.post(`${WITHDRAWALS}/${sent.id}/cancel`)).body.code).toBe('transition_not_allowed');
  await act('stripe', sent.payout_reference, 'pay_out');
  await heard(sent.payout_reference);
  const shown = (await person.get(`/api/v1/payouts/${sent.id}`)).body;
  expect(shown).toMatchObject({
    payout: { status: 'paid', kind: 'withdrawal', amount: 3_000 },
    items: { items: [{ kind: 'withdrawal', amount: 3_000, booking_id: null }] },
  });
  expect((await person.get('/api/v1/wallet/entries?limit=1')).body.items).toMatchObject([
    { type: 'debit', kind: 'withdrawal', amount: 3_000, reference_type: 'payout', reference_id: sent.id },
  ]);
  // Neither is it paid again with what the person earns.
  await paidOut();
  expect(await payoutsOf(person)).toHaveLength(1);
});

test('what the bank sends back waits for the next run, or is in the wallet again when its owner cancels it', async () => {
  await given(4_000);
  await withdraw(4_000);
  await deliverEvents();
  const [sent] = await payoutsOf(person);
  await act('stripe', sent.payout_reference, 'fail_payout');
  await heard(sent.payout_reference);
  expect(await payoutsOf(person)).toMatchObject([{ status: 'failed', failure_code: 'account_closed' }]);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0, withdrawing: 4_000 });
  await paidOut();
  await deliverEvents();
  vi.useRealTimers();
  const [retried] = await payoutsOf(person);
  expect(retried).toMatchObject({ id: sent.id, status: 'processing', attempts: 2 });
  await act('stripe', retried.payout_reference, 'fail_payout');
  await heard(retried.payout_reference);
  const cancel = () => person.post(`${WITHDRAWALS}/${sent.id}/cancel`);
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect((await stranger.post(`${WITHDRAWALS}/${sent.id}/cancel`)).status).toBe(404);
  const answers = await Promise.all([cancel(), cancel()]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 4_000, withdrawing: 0 });
  expect(await wallet()).toMatchObject({ withdrawable_amount: 4_000 });
  await paidOut();
  expect(await payoutsOf(person)).toMatchObject([{ status: 'cancelled', attempts: 2 }]);
});

test('what was topped up is spent first and not taken out, and to pay and cancel makes it nobody’s own', async () => {
  await topUp(person.id, 5_000);
  await given(1_000);
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
  await given(1_000);
  await withSetting('driveway', 'wallet_topups_withdrawable', true, async () => {
    expect(await wallet()).toMatchObject({ withdrawable_amount: 6_000 });
    expect((await withdraw(3_000)).status).toBe(201);
  });
  const [row] = await asOwner(
    sql`select topped_up_amount from money.payouts where provider_id = ${person.id}::uuid`,
  );
  expect(row.topped_up_amount).toBe(2_000);
  // Of the wallet's 3000 all is topped up; what comes then is the person's own again.
  await given(700);
  expect(await wallet()).toMatchObject({ balance: 3_700, withdrawable_amount: 700 });
});

test('an amount that makes no sense, or more than there is, is refused', async () => {
  await given(20_000);
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
  await given(2_000);
  const token = { name: 'all', abilities: ['*'], password: PASSWORD };
  const { body } = await person.post('/api/v1/users/me/tokens', token);
  expect(await new Client('driveway', body.token).post(WITHDRAWALS, { amount: 500 })).toMatchObject(
    refused(403, 'session_required'),
  );
  await post({
    type: 'charge',
    entries: [
      { account: 'receivable', user_id: person.id, amount: -300 },
      { account: 'platform_revenue', amount: 300 },
    ],
  });
  expect(await withdraw(500)).toMatchObject(refused(409, 'money_owed'));
  await leftAlone(person);
  expect(await withdraw(500)).toMatchObject(refused(409, 'no_payout_account'));
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 2_000 });
  expect(await payoutsOf(person)).toEqual([]);
});

test('of two who take out all at once one does, and a repeated key takes it out once', async () => {
  await given(3_000);
  const answers = await Promise.all([withdraw(2_000), withdraw(2_000)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [await withdraw(1_000, headers), await withdraw(1_000, headers)];
  expect(second.body).toEqual(first.body);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0, withdrawing: 3_000 });
  expect(await payoutsOf(person)).toHaveLength(2);
});

test('a large one waits until staff release it, and what staff cancel is in the wallet again', async () => {
  await given(9_000);
  await withSetting('driveway', 'wallet_withdrawal_review_amount', 4_000, async () => {
    for (const amount of [4_000, 5_000]) expect((await withdraw(amount)).status).toBe(201);
  });
  await deliverEvents();
  const [first, second] = await payoutsOf(person);
  expect([first.status, second.status]).toEqual(['pending', 'pending']);
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
  expect(await payoutsOf(person)).toMatchObject([{ status: 'processing' }, { status: 'cancelled' }]);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 5_000, withdrawing: 0 });
});

test('what the person comes to owe meanwhile, and the fee, are taken off it', async () => {
  await given(3_000);
  await withdraw(3_000);
  await post({
    type: 'charge',
    entries: [
      { account: 'receivable', user_id: person.id, amount: -1_200 },
      { account: 'platform_revenue', amount: 1_200 },
    ],
  });
  await withSetting('driveway', 'payout_fee_amount', 100, deliverEvents);
  expect(await payoutsOf(person)).toMatchObject([
    { status: 'processing', gross_amount: 3_000, netted_amount: 1_200, fee_amount: 100, amount: 1_700 },
  ]);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0, withdrawing: 0, receivable: 0 });
});

test('earnings and withdrawals of one person are paid apart, and nothing of one is taken from the other', async () => {
  const entries = (amount: number) => [
    { account: 'provider_payable', user_id: person.id, amount },
    { account: 'gateway_clearing', gateway: 'stripe', amount: -amount },
  ];
  await post({ type: 'release', entries: entries(6_000) });
  await given(2_500);
  expect((await withdraw(2_500)).status).toBe(201);
  // What is taken back of earnings before anything is sent is taken of earnings.
  await post({ type: 'refund', entries: entries(-6_000) });
  await post({ type: 'release', entries: entries(800) });
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(await again(person))).toMatchObject([
    { status: 'processing', amount: 2_500 },
    { status: 'processing', amount: 800 },
  ]);
  expect(await balancesOf(person.id)).toMatchObject({ provider_payable: 0, withdrawing: 0 });
});

test('the invariant finds a withdrawal whose money is not there', async () => {
  await given(1_000);
  await withdraw(1_000);
  const wrong = await asOwner(sql`
    with moved as (update money.payouts set status = 'cancelled' where provider_id = ${person.id}::uuid returning id)
    select count(*)::integer as moved from moved`);
  expect(wrong).toEqual([{ moved: 1 }]);
  expect((await breaches()).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['withdrawals_are_held']),
  );
  await post({
    type: 'withdrawal',
    entries: [
      { account: 'withdrawing', user_id: person.id, amount: -1_000 },
      { account: 'wallet', user_id: person.id, amount: 1_000 },
    ],
  });
  await asOwner(sql`
    update money.payout_items i set is_live = false from money.payouts p
    where p.id = i.payout_id and p.provider_id = ${person.id}::uuid returning i.id`);
});
