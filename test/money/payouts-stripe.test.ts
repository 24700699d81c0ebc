import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { act, eventsOf, forgetKeys, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { breaches } from './pay.ts';
import {
  begun,
  connected,
  earned,
  heard,
  leftAlone,
  paidOut,
  payoutsOf,
  plainTerms,
  rewound,
} from './payout-runs.ts';

let driver: Person;
let host: Person;
let account: string;
beforeAll(() => plainTerms('driveway'));
afterAll(() => rewound('driveway'));
beforeEach(async () => {
  // What others have earned is on its way before anything goes wrong.
  await paidOut();
  await deliverEvents();
  vi.useRealTimers();
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  account = await connected(host);
});
afterEach(async () => {
  expect(await breaches()).toEqual([]);
  // What waits is sent with the payouts of whoever runs them next: not in another test.
  await leftAlone(host);
});

/** Builds and sends the payout of the host, and returns it. */
async function sent() {
  await paidOut();
  await deliverEvents();
  const payouts = await payoutsOf(host);
  return payouts.at(-1);
}
const payableOf = async (person: Person) => (await balancesOf(person.id)).provider_payable;

test('a host’s earnings are transferred, paid out to the bank, and paid when Stripe says so', async () => {
  await earned(driver, host, 12_000, 1_800);
  const payout = await sent();
  expect(payout).toMatchObject({
    status: 'processing',
    gross_amount: 13_800,
    commission_amount: 1_800,
    amount: 12_000,
    attempts: 1,
    transfer_reference: expect.stringMatching(/^tr_/),
    payout_reference: expect.stringMatching(/^po_/),
  });
  expect(await payableOf(host)).toBe(0);
  await act('stripe', payout.payout_reference, 'pay_out');
  expect(await heard(payout.payout_reference)).toEqual([200, 200]);
  expect(await payoutsOf(host)).toMatchObject([{ id: payout.id, status: 'paid' }]);
  const [told] = await asOwner(
    sql`select template, variables from notify.messages where user_id = ${host.id}::uuid and template = 'payout_paid'`,
  );
  expect(told.variables).toMatchObject({ amount: '120.00 USD' });
  // What comes twice changes nothing.
  await heard(payout.payout_reference);
  expect(await payoutsOf(host)).toMatchObject([{ status: 'paid', attempts: 1 }]);
});

test('what the bank does not take goes back to what the host is owed, and is sent with the next payouts', async () => {
  await earned(driver, host, 5_000, 750);
  const payout = await sent();
  await act('stripe', payout.payout_reference, 'fail_payout');
  await heard(payout.payout_reference);
  expect(await payoutsOf(host)).toMatchObject([{ status: 'failed', failure_code: 'account_closed' }]);
  expect(await payableOf(host)).toBe(5_000);
  const reversals = await eventsOf('stripe', payout.transfer_reference);
  expect(reversals.filter(({ body }) => body.includes('transfer.reversed'))).toHaveLength(1);
  const retried = await sent();
  expect(retried).toMatchObject({ id: payout.id, status: 'processing', attempts: 2, failure_code: null });
  expect(retried.transfer_reference).not.toBe(payout.transfer_reference);
  expect(await payableOf(host)).toBe(0);
});

test('a bank that gives money back after it took it makes a paid payout a failed one', async () => {
  await earned(driver, host);
  const payout = await sent();
  await act('stripe', payout.payout_reference, 'pay_out');
  await heard(payout.payout_reference);
  await act('stripe', payout.payout_reference, 'fail_payout');
  await heard(payout.payout_reference);
  expect(await payoutsOf(host)).toMatchObject([{ status: 'failed', failure_code: 'account_closed' }]);
  expect(await payableOf(host)).toBe(1_000);
});

test.each([
  { path: '/v1/transfers', method: 'POST', how: 'cut', after: true },
  { path: '/v1/transfers', method: 'POST', status: 500 },
  { path: '/v1/payouts', method: 'POST', how: 'cut', after: true },
  { path: '/v1/payouts', method: 'POST', status: 500, after: true },
])('after %j the same sending goes on, and nothing is sent twice', async fault => {
  await earned(driver, host, 3_000, 450);
  await orderFault('stripe', fault);
  const lost = await sent();
  expect(lost).toMatchObject({ status: 'processing', transfer_reference: null });
  expect(await payableOf(host)).toBe(0);
  // A day later Stripe has forgotten our keys.
  await forgetKeys('stripe');
  advanceClock(24 * 3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
  const [found] = await payoutsOf(host);
  expect(found).toMatchObject({ status: 'processing', attempts: 1, payout_reference: expect.any(String) });
  const told = await eventsOf('stripe', account);
  expect(told.filter(({ body }) => body.includes('"transfer.created"'))).toHaveLength(1);
  expect(told.filter(({ body }) => body.includes('"payout.created"'))).toHaveLength(1);
});

test('what nobody tells of is looked at by the clock', async () => {
  await earned(driver, host);
  const payout = await sent();
  await act('stripe', payout.payout_reference, 'pay_out');
  advanceClock(3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'paid' }]);
});

test('money that Stripe refuses to transfer stays ours, and is sent when Stripe takes it', async () => {
  await earned(driver, host, 2_000, 300);
  const body = {
    error: { code: 'balance_insufficient', message: 'Insufficient funds.', type: 'invalid_request_error' },
  };
  await orderFault('stripe', { path: '/v1/transfers', method: 'POST', status: 400, body });
  expect(await sent()).toMatchObject({ status: 'failed', failure_code: 'balance_insufficient' });
  expect(await payableOf(host)).toBe(2_000);
  advanceClock(7 * 3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'processing', attempts: 2 }]);
});

test('a host without an account there is not paid until Stripe’s webhook says that it is complete', async () => {
  const newcomer = await signUpWithPassword('driveway', { roles: ['host'] });
  const reference = await begun(newcomer);
  await earned(driver, newcomer, 4_000, 600);
  await paidOut();
  expect(await payoutsOf(newcomer)).toEqual([]);
  await act('stripe', reference, 'onboard');
  await heard(reference);
  const shown = await (await again(newcomer)).get('/api/v1/payout-accounts');
  expect(shown.body.items).toMatchObject([{ kind: 'stripe', status: 'active', missing: [] }]);
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(newcomer)).toMatchObject([{ status: 'processing', amount: 4_000 }]);
  await leftAlone(newcomer);
});

test('an account that Stripe restricts gets nothing, and what waits is sent when it is well again', async () => {
  await earned(driver, host, 2_500, 0);
  await act('stripe', account, 'restrict');
  await heard(account);
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(host)).toEqual([]);
  await act('stripe', account, 'onboard');
  await heard(account);
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'processing', amount: 2_500 }]);
});
