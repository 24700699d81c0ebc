import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { set, withSetting } from '../support/settings.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, post } from './ledger.ts';
import { breaches } from './pay.ts';
import { connected, heard, leftAlone, paidOut, payoutsOf, plainTerms, rewound } from './payout-runs.ts';
import { given, owing, WITHDRAWALS } from './withdrawers.ts';

let person: Person;
beforeAll(async () => {
  await plainTerms('driveway');
  await set('driveway', 'wallet_withdrawal_review_amount', 1_000_000);
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

test('what is one’s own leaves the wallet at once, and is paid when Stripe says so', async () => {
  await given(person, 5_000);
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
  await given(person, 4_000);
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

test('of two who take out all at once one does, and a repeated key takes it out once', async () => {
  await given(person, 3_000);
  const answers = await Promise.all([withdraw(2_000), withdraw(2_000)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [await withdraw(1_000, headers), await withdraw(1_000, headers)];
  expect(second.body).toEqual(first.body);
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0, withdrawing: 3_000 });
  expect(await payoutsOf(person)).toHaveLength(2);
});

test('what the person comes to owe meanwhile, and the fee, are taken off it', async () => {
  await given(person, 3_000);
  await withdraw(3_000);
  await owing(person, 1_200);
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
  await given(person, 2_500);
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

test('where staff pay to banks a withdrawal is in their next batch', async () => {
  const expert = await signUp('handie', { roles: ['expert'] });
  const account = { bank_name: 'HDFC Bank', account_name: 'Asha Rao', account_number: '50100123456789' };
  await expert.post('/api/v1/payout-accounts', { ...account, ifsc: 'HDFC0001234' });
  await given(expert, 90_000);
  // A new account rests first.
  expect((await expert.post(WITHDRAWALS, { amount: 90_000 })).body.code).toBe('no_payout_account');
  await asOwner(
    sql`update money.payout_accounts set usable_from = now() where user_id = ${expert.id}::uuid returning id`,
  );
  expect((await expert.post(WITHDRAWALS, { amount: 90_000 })).status).toBe(201);
  const finance = await signUpStaff('handie', 'admin');
  const { body: batch } = await finance.post('/api/v1/admin/payout-batches', {});
  const file = await finance.get(`/api/v1/admin/payout-batches/${batch.id}/payouts.csv`);
  expect(file.text).toContain('900.00,INR,Asha Rao,50100123456789,HDFC0001234,HDFC Bank');
  const [payout] = await payoutsOf(expert);
  const decide = (decision: string) =>
    finance.post(`/api/v1/admin/payouts/${payout.id}/decisions`, { decision, words: 'Account frozen' });
  expect((await decide('failed')).body).toMatchObject({ status: 'failed', kind: 'withdrawal' });
  expect(await balancesOf(expert.id)).toMatchObject({ wallet: 0, withdrawing: 90_000 });
  expect((await decide('cancel')).body).toMatchObject({ status: 'cancelled' });
  expect(await balancesOf(expert.id)).toMatchObject({ wallet: 90_000, withdrawing: 0 });
  await leftAlone(expert);
});

test('the invariant finds a withdrawal whose money is not there', async () => {
  await given(person, 1_000);
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
