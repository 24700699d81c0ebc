import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { set, withSetting } from '../support/settings.ts';
import { movedBy } from './after.ts';
import { act, clearFaults, eventsOf, forgetKeys, orderFault } from './gateways/providers.ts';
import { balancesOf, post } from './ledger.ts';
import { breaches, tell } from './pay.ts';
import { leftAlone, paidOut, payoutsOf, plainTerms, rewound } from './payout-runs.ts';

const NUMBER = '50100123456789';
let staff: Person;
let expert: Person;
beforeAll(async () => {
  await plainTerms('handie');
  await set('handie', 'bank_payouts', 'razorpayx');
  staff = await signUpStaff('handie', 'admin');
});
afterAll(() => rewound('handie'));
beforeEach(async () => {
  await clearFaults('razorpay');
  vi.useRealTimers();
  expert = await signUp('handie', { roles: ['expert'] });
  const account = {
    bank_name: 'HDFC Bank',
    account_name: 'Asha Rao',
    account_number: NUMBER,
    ifsc: 'HDFC0001234',
  };
  expect((await expert.post('/api/v1/payout-accounts', account)).status).toBe(201);
});
afterEach(async () => {
  expect(await breaches()).toEqual([]);
  await leftAlone(expert);
});

async function earned(amount = 90_000) {
  const entries = [
    { account: 'provider_payable', user_id: expert.id, amount },
    { account: 'gateway_clearing', gateway: 'razorpay', amount: -amount },
  ];
  await post({ type: 'release', currency: 'INR', entries }, { marketplace: 'handie' });
}
/** Builds the expert's payout, lets the worker send it, and returns it. */
async function sent() {
  await paidOut('handie');
  await deliverEvents();
  return (await payoutsOf(expert)).at(-1);
}
async function heard(reference: string): Promise<number[]> {
  const statuses = await tell('razorpay', 'handie', reference);
  await deliverEvents();
  return statuses;
}
const later = async (days: number) => {
  advanceClock(days * 24 * 3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
};
const payable = async () => (await balancesOf(expert.id)).provider_payable;
/** What RazorpayX has begun for a payout of ours. */
const begunFor = async (payout: { id: string }) =>
  (await eventsOf('razorpay', payout.id)).filter(({ body }) => body.includes('"payout.initiated"')).length;

test('a payout goes to the bank by itself, and is paid when RazorpayX says so', async () => {
  await earned();
  const payout = await sent();
  expect(payout).toMatchObject({
    status: 'processing',
    amount: 90_000,
    attempts: 1,
    transfer_reference: expect.stringMatching(/^pout_/),
    payout_reference: null,
  });
  expect(await payable()).toBe(0);
  await act('razorpay', payout.transfer_reference, 'process');
  expect(await heard(payout.transfer_reference)).toEqual([200, 200]);
  vi.useRealTimers();
  const shown = await expert.get(`/api/v1/payouts/${payout.id}`);
  expect(shown.body.payout ?? shown.body).toMatchObject({
    status: 'paid',
    payout_reference: expect.stringMatching(/^HDFCN/),
    account: { account_number: '••••6789' },
  });
  expect(shown.text).not.toContain(NUMBER);
  // Twice, and in whatever order: the payout is read each time.
  await heard(payout.transfer_reference);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'paid', attempts: 1 }]);
  const refused = await staff.post(`/api/v1/admin/payouts/${payout.id}/decisions`, {
    decision: 'failed',
    words: 'It did not come',
  });
  expect(refused).toMatchObject({ status: 409, body: { code: 'payout_sent_by_machine' } });
});

test('what RazorpayX charges for a payout is an expense, once, and comes back with the money', async () => {
  const bank = 'gateway_clearing bank INR';
  await earned();
  const payout = await sent();
  const paid = await movedBy(async () => {
    await act('razorpay', payout.transfer_reference, 'process');
    await heard(payout.transfer_reference);
    await heard(payout.transfer_reference);
  }, 'handie');
  expect(paid).toEqual({ [bank]: 590, 'gateway_fees INR': -590 });
  vi.useRealTimers();
  const { body } = await staff.get(`/api/v1/admin/payouts?provider_id=${expert.id}`);
  expect(body.items).toMatchObject([{ id: payout.id, status: 'paid', rail_fee: 590, fee_amount: 0 }]);
  const back = await movedBy(async () => {
    await act('razorpay', payout.transfer_reference, 'reverse');
    await heard(payout.transfer_reference);
  }, 'handie');
  expect(back).toEqual({ [bank]: -90_000 - 590, 'gateway_fees INR': 590 });
  // Sent anew, it costs anew.
  const again = await sent();
  const anew = await movedBy(async () => {
    await act('razorpay', again.transfer_reference, 'process');
    await heard(again.transfer_reference);
  }, 'handie');
  expect(anew).toEqual({ [bank]: 590, 'gateway_fees INR': -590 });
});

test('an invariant tells of a fee that is not in the books', async () => {
  await earned();
  const payout = await sent();
  await act('razorpay', payout.transfer_reference, 'process');
  await heard(payout.transfer_reference);
  await inScratch(async run => {
    await run(`update money.payouts set rail_fee = 600 where id = '${payout.id}' returning id`);
    const [row] = await run(
      `select breaches, examples::text from money.check_invariants(null) where name = 'fees_posted_once'`,
    );
    expect(row.breaches).toBe(1);
    expect(JSON.parse(row.examples)).toMatchObject([{ payout_id: payout.id, fee: 600, posted: 590 }]);
  });
});

test.each([
  ['fail', 'beneficiary_account_closed'],
  ['reject', 'payout_rejected'],
  ['cancel', 'payout_cancelled'],
  ['reverse', 'beneficiary_bank_rejected'],
])(
  'what comes to %s is owed again, with its reason, and is sent with the next payouts',
  async (outcome, code) => {
    await earned();
    const payout = await sent();
    await act('razorpay', payout.transfer_reference, outcome);
    await heard(payout.transfer_reference);
    expect(await payoutsOf(expert)).toMatchObject([{ status: 'failed', failure_code: code }]);
    expect(await payable()).toBe(90_000);
    const retried = await sent();
    expect(retried).toMatchObject({ id: payout.id, status: 'processing', attempts: 2, failure_code: null });
    expect(retried.transfer_reference).not.toBe(payout.transfer_reference);
    expect(await payable()).toBe(0);
    // What is still told of the first sending says nothing of the second.
    await heard(payout.transfer_reference);
    expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing', attempts: 2 }]);
  },
);

test('what nobody tells of is looked at by the clock, also when a bank gives back what it took', async () => {
  await earned();
  const payout = await sent();
  await act('razorpay', payout.transfer_reference, 'queue');
  await later(1);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing' }]);
  await act('razorpay', payout.transfer_reference, 'process');
  await later(1);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'paid' }]);
  expect(await payable()).toBe(0);
  await act('razorpay', payout.transfer_reference, 'reverse');
  await later(2);
  expect(await payoutsOf(expert)).toMatchObject([
    { status: 'failed', failure_code: 'beneficiary_bank_rejected' },
  ]);
  expect(await payable()).toBe(90_000);
});

test.each([
  { path: '/v1/payouts', method: 'POST', how: 'cut' },
  { path: '/v1/payouts', method: 'POST', how: 'cut', after: true },
  { path: '/v1/payouts', method: 'POST', status: 500, after: true },
  { path: '/v1/payouts', method: 'POST', status: 409 },
  { path: '/v1/payouts', method: 'GET', status: 502 },
  { path: '/v1/contacts', how: 'cut', after: true },
  { path: '/v1/fund_accounts', how: 'cut', after: true },
])('after %j the same sending goes on, and nothing is sent twice', async fault => {
  await earned(30_000);
  await orderFault('razorpay', fault);
  const lost = await sent();
  expect(lost).toMatchObject({ status: 'processing', transfer_reference: null });
  expect(await payable()).toBe(0);
  await forgetKeys('razorpay');
  await later(1);
  const [found] = await payoutsOf(expert);
  expect(found).toMatchObject({ status: 'processing', attempts: 1, transfer_reference: expect.any(String) });
  expect(await begunFor(found)).toBe(1);
});

test('a webhook finds a payout whose answer never came, by its key', async () => {
  await earned(20_000);
  await orderFault('razorpay', { path: '/v1/payouts', method: 'POST', how: 'cut', after: true });
  const lost = await sent();
  const [begun] = await eventsOf('razorpay', lost.id);
  const { id } = JSON.parse(begun?.body ?? '{}').payload.payout.entity;
  await act('razorpay', id, 'process');
  await heard(id);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'paid', transfer_reference: id }]);
  expect(await begunFor(lost)).toBe(1);
});

test('an account that RazorpayX does not take fails with its reason, and nothing leaves', async () => {
  await earned();
  const body = {
    error: { code: 'BAD_REQUEST_ERROR', description: 'Invalid IFSC Code', reason: 'input_validation_failed' },
  };
  await orderFault('razorpay', { path: '/v1/fund_accounts', status: 400, body });
  expect(await sent()).toMatchObject({ status: 'failed', failure_code: 'input_validation_failed' });
  expect(await payable()).toBe(90_000);
});

test('a repetition that is refused is taken for what it repeats', async () => {
  await earned();
  // It arrives, is answered with a refusal, and stands all the same.
  await orderFault('razorpay', { path: '/v1/payouts', method: 'POST', status: 400, body: {}, after: true });
  const payout = await sent();
  expect(payout).toMatchObject({ status: 'processing', transfer_reference: expect.stringMatching(/^pout_/) });
  expect(await begunFor(payout)).toBe(1);
});

test('staff send where the setting says so, or no account there is filled in, and a machine leaves that alone', async () => {
  await earned();
  await withSetting('handie', 'bank_payouts', 'staff', async () => {
    expect(await sent()).toMatchObject({ status: 'pending', attempts: 0 });
  });
  const [payout] = await payoutsOf(expert);
  const [unable] = await asOwner(sql`select money.claim_payout(${payout.id}::uuid, false) as work`, {
    access: 'everyone',
    marketplace: 'handie',
    now: new Date().toISOString(),
  });
  expect(unable.work).toBeNull();
  vi.useRealTimers();
  await asOwner(sql`
    update money.payout_accounts set usable_from = now() where user_id = ${expert.id}::uuid returning id`);
  expect((await staff.post('/api/v1/admin/payout-batches', {})).status).toBe(201);
  await asOwner(sql`
    select app.emit('payout.work_due', jsonb_build_object('payout_id', ${payout.id}::uuid)) from app.set_context(
      ${{ marketplace: 'handie', now: new Date() }}::jsonb)`);
  await deliverEvents();
  expect(await begunFor(payout)).toBe(0);
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing', transfer_reference: null }]);
});

test('a webhook that was changed on its way is refused', async () => {
  await earned();
  const payout = await sent();
  const [event] = await eventsOf('razorpay', payout.transfer_reference);
  const answer = await anonymous('handie').post('/api/v1/webhooks/razorpay', undefined, {
    raw: event?.body.replace('"processing"', '"processed"') ?? '',
    headers: event?.headers ?? {},
  });
  expect(answer).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
  expect(await payoutsOf(expert)).toMatchObject([{ status: 'processing' }]);
});
