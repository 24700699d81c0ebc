import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { balancesOf, post } from './ledger.ts';
import { leftAlone, paidOut, payoutsOf, plainTerms, rewound } from './payout-runs.ts';

const ACCOUNTS = '/api/v1/payout-accounts';
const HDFC = {
  bank_name: 'HDFC Bank',
  account_name: 'Asha Rao',
  account_number: '5010 0123 456 789',
  ifsc: 'hdfc0001234',
};
const BATCHES = '/api/v1/admin/payout-batches';

let staff: Person;
let expert: Person;
beforeAll(async () => {
  await plainTerms('handie');
  await set('handie', 'bank_payouts', 'staff');
  staff = await signUpStaff('handie', 'admin');
});
afterAll(async () => {
  await set('handie', 'bank_payouts', 'razorpayx');
  await rewound('handie');
});
beforeEach(async () => {
  expert = await signUp('handie', { roles: ['expert'] });
});

afterEach(() => leftAlone(expert));

const decide = (payout: { id: string }, decision: string, words = 'Because') =>
  staff.post(`/api/v1/admin/payouts/${payout.id}/decisions`, { decision, words });

/** An expert with a bank account, and a payout of 900 rupees that waits for the bank. */
async function waiting() {
  const answer = await expert.post(ACCOUNTS, HDFC);
  expect(answer.status).toBe(201);
  await post(
    {
      type: 'release',
      currency: 'INR',
      entries: [
        { account: 'provider_payable', user_id: expert.id, amount: 90_000 },
        { account: 'gateway_clearing', gateway: 'razorpay', amount: -90_000 },
      ],
    },
    { marketplace: 'handie' },
  );
  await paidOut('handie');
  await advanceBack();
  const [payout] = await payoutsOf(expert);
  return payout;
}
/** Sessions are of the real time. */
async function advanceBack() {
  vi.useRealTimers();
  await asOwner(sql`
    update money.payout_accounts set usable_from = now() where user_id = ${expert.id}::uuid returning id`);
}
const payable = async () => (await balancesOf(expert.id)).provider_payable;

test('staff take payouts to the bank by a file that alone has the numbers, and say what became of them', async () => {
  const payout = await waiting();
  expect(payout).toMatchObject({ status: 'pending', amount: 90_000 });
  const batch = await staff.post(BATCHES, {});
  expect(batch).toMatchObject({ status: 201, body: { currency: 'INR', payouts: expect.any(Number) } });
  const file = await staff.get(`${BATCHES}/${batch.body.id}/payouts.csv`);
  expect(file.text).toContain('900.00,INR,Asha Rao,50100123456789,HDFC0001234,HDFC Bank');
  expect(file.headers['content-disposition']).toMatch(/^attachment; filename="payouts-/);
  expect(await payable()).toBe(0);
  const [looked] = await asOwner(sql`
    select user_id from app.audit_logs where action = 'money.bank_details_read' and record_id = ${batch.body.id}`);
  expect(looked.user_id).toBe(staff.id);

  const paid = await decide(payout, 'paid', 'UTR 412345678901');
  expect(paid).toMatchObject({
    status: 200,
    body: { status: 'paid', payout_reference: 'UTR 412345678901', account: { account_number: '••••6789' } },
  });
  // A bank may give it back days later.
  expect(await decide(payout, 'failed', 'Account frozen')).toMatchObject({
    body: { status: 'failed', failure: { code: 'bank', message: 'Account frozen' } },
  });
  expect(await payable()).toBe(90_000);
  expect(await decide(payout, 'retry')).toMatchObject({ body: { status: 'pending' } });
});

test('a payout that is held is in no batch until it is released, and a cancelled one is built anew', async () => {
  const payout = await waiting();
  expect(await decide(payout, 'hold', 'Identity in doubt')).toMatchObject({
    body: { is_held: true, held_reason: 'Identity in doubt' },
  });
  await staff.post(BATCHES, {});
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'pending' }]);
  expect(await decide(payout, 'retry')).toMatchObject({
    status: 409,
    body: { code: 'transition_not_allowed' },
  });
  expect(await decide(payout, 'release')).toMatchObject({ body: { is_held: false } });
  expect(await decide(payout, 'paid')).toMatchObject({
    status: 409,
    body: { code: 'transition_not_allowed' },
  });
  expect(await decide(payout, 'cancel')).toMatchObject({ body: { status: 'cancelled' } });
  expect(await staff.post(BATCHES, {})).toMatchObject({ status: 409, body: { code: 'nothing_to_pay_out' } });
  await paidOut('handie');
  expect(await payoutsOf(expert)).toMatchObject([
    { status: 'cancelled' },
    { status: 'pending', amount: 90_000 },
  ]);
});

test('a decision and a batch that are asked for again under their key are answered as before', async () => {
  const payout = await waiting();
  const again = (path: string, body: unknown) =>
    staff.post(path, body, { headers: { 'idempotency-key': `${payout.id}:${path}` } });
  const path = `/api/v1/admin/payouts/${payout.id}/decisions`;
  const held = await again(path, { decision: 'hold', words: 'In doubt' });
  await decide(payout, 'release');
  expect((await again(path, { decision: 'hold', words: 'In doubt' })).body).toEqual(held.body);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'pending' }]);
  const batch = await again(BATCHES, {});
  expect((await again(BATCHES, {})).body).toEqual(batch.body);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing', attempts: 1 }]);
});

test('two of the staff who open a batch at once send nothing twice', async () => {
  await waiting();
  const other = await signUpStaff('handie', 'admin');
  const answers = await Promise.all([staff.post(BATCHES, {}), other.post(BATCHES, {})]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing', attempts: 1 }]);
  expect(await payable()).toBe(0);
});

test('bank details are sealed, masked, told of and the owner’s alone', async () => {
  const { body } = await expert.post(ACCOUNTS, HDFC);
  expect(body).toMatchObject({
    kind: 'bank',
    account_number: '••••6789',
    account_name: 'Asha Rao',
    status: 'active',
  });
  expect(JSON.stringify(body)).not.toContain('50100123456789');
  const [row] = await asOwner(
    sql`select to_jsonb(a)::text as row from money.payout_accounts a where id = ${body.id}::uuid`,
  );
  expect(row.row).not.toContain('50100123456789');
  const [event] = await asOwner(sql`
    select payload::text as payload from app.outbox where type = 'payout.account_added' and payload ->> 'user_id' = ${expert.id}`);
  expect(event.payload).toContain('HDFC Bank ••••6789');
  expect((await expert.get(ACCOUNTS)).body.items).toMatchObject([{ id: body.id }]);
  const stranger = await signUp('handie', { roles: ['expert'] });
  expect((await stranger.get(ACCOUNTS)).body.items).toEqual([]);
  expect((await stranger.delete(`${ACCOUNTS}/${body.id}`)).status).toBe(404);
  expect(await expert.post(ACCOUNTS, HDFC)).toMatchObject({
    status: 409,
    body: { code: 'payout_account_known' },
  });
  expect((await expert.delete(`${ACCOUNTS}/${body.id}`)).body.status).toBe('removed');
  const [gone] = await asOwner(
    sql`select details_sealed from money.payout_accounts where id = ${body.id}::uuid`,
  );
  expect(gone.details_sealed).toBeNull();
  expect((await expert.post(ACCOUNTS, HDFC)).status).toBe(201);
});

test('a new account is not paid to before its owner had time to object', async () => {
  const { body } = await expert.post(ACCOUNTS, HDFC);
  const usable = new Date(body.usable_from).getTime() - new Date(body.created_at).getTime();
  expect(usable).toBe(24 * 3600_000);
  const [none] = await asOwner(sql`select money.payout_account_of(${expert.id}::uuid, 'INR') as id`);
  expect(none.id).toBeNull();
  advanceClock(24 * 3600 + 1);
  const [found] = await asOwner(sql`select money.payout_account_of(${expert.id}::uuid, 'INR') as id`, {
    access: 'everyone',
    now: new Date().toISOString(),
  });
  expect(found.id).toBe(body.id);
});

test.each([
  [{ account_number: '12345' }, 'account_number'],
  [{ account_number: '501001234567890123456' }, 'account_number'],
  [{ ifsc: 'HDFC1001234' }, 'ifsc'],
  [{ ifsc: undefined }, 'ifsc'],
  [{ swift: 'HDFCINBB' }, 'swift'],
])('%j is refused by name', async (change, field) => {
  const answer = await expert.post(ACCOUNTS, { ...HDFC, ...change });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field }] } });
});

test('bank and Stripe are each taken where the marketplace pays that way', async () => {
  const urls = { return_url: 'https://app.example/a', refresh_url: 'https://app.example/b' };
  expect(await expert.post(`${ACCOUNTS}/onboarding`, urls)).toMatchObject({
    body: { code: 'connect_not_offered' },
  });
  const host = await signUp('driveway', { roles: ['host'] });
  const us = {
    bank_name: 'Chase',
    account_name: 'Al',
    account_number: '123456789',
    routing_number: '021000021',
  };
  expect(await host.post(ACCOUNTS, us)).toMatchObject({ body: { code: 'bank_accounts_not_offered' } });
});

test('six accounts are one too many', async () => {
  const numbers = Array.from({ length: 6 }, (_, n) => `50100123450${n}`);
  const statuses: number[] = [];
  for (const account_number of numbers)
    statuses.push((await expert.post(ACCOUNTS, { ...HDFC, account_number })).status);
  expect(statuses).toEqual([201, 201, 201, 201, 201, 409]);
});

test('staff list payouts by status and provider, masked; support does not', async () => {
  const payout = await waiting();
  const listed = await staff.get(`/api/v1/admin/payouts?provider_id=${expert.id}&status=pending`);
  expect(listed.body.items).toMatchObject([
    { id: payout.id, account: { account_number: '••••6789' }, attempts: 0 },
  ]);
  expect(listed.text).not.toContain('50100123456789');
  expect((await staff.get(`/api/v1/admin/payouts?provider_id=${randomUUID()}`)).body.items).toEqual([]);
  expect((await expert.get('/api/v1/admin/payouts')).status).toBe(403);
});
