import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { PASSWORD } from '../identity/accounts.ts';
import { again } from '../parking/spaces.ts';
import { deleteMe, statusOf } from '../privacy/deletions.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, post } from './ledger.ts';
import { breaches } from './pay.ts';
import {
  connected,
  heard,
  leftAlone,
  paidOut,
  payoutsOf,
  plainTerms,
  rewound,
  toNextPeriod,
} from './payout-runs.ts';
import { owing } from './withdrawers.ts';

const LAST = '/api/v1/earnings/last-payout';
let host: Person;
beforeAll(() => plainTerms('driveway'));
afterAll(() => rewound('driveway'));
beforeEach(async () => {
  host = await signUpWithPassword('driveway', { roles: ['host'] });
});
afterEach(async () => {
  await plainTerms('driveway');
  expect(await breaches()).toEqual([]);
  await leftAlone(host);
});

/** Gives a host earnings. */
const earning = (amount: number, person = host) =>
  post({
    type: 'release',
    entries: [
      { account: 'provider_payable', user_id: person.id, amount },
      { account: 'gateway_clearing', gateway: 'stripe', amount: -amount },
    ],
  });
const leaving = (forfeit_earnings: number, person = host) =>
  deleteMe(person, { password: PASSWORD, forfeit_earnings });
const refusal = (code: string) => ({ status: 409, body: { code } });
/** What the platform was left by whoever is gone. */
const forfeitsOf = async ({ id }: Person) =>
  (
    await asOwner(sql`
      select new_values from app.audit_logs where user_id = ${id}::uuid and action = 'money.forfeited'`)
  ).map(({ new_values }) => new_values);

test('whoever leaves is paid what is below the minimum, once, and then may be gone', async () => {
  const bystander = await signUpWithPassword('driveway', { roles: ['host'] });
  for (const person of [host, bystander]) {
    await connected(person);
    await earning(60, person);
  }
  await paidOut();
  expect(await payoutsOf(host)).toEqual([]);
  vi.useRealTimers();
  const asked = await host.post(LAST, {});
  expect(asked).toMatchObject({ status: 200, body: { currency: 'USD', balance: 60, owed_amount: 0 } });
  expect((await host.post(LAST, {})).body).toEqual(asked.body);
  await paidOut();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'pending', amount: 60 }]);
  expect(await payoutsOf(bystander)).toEqual([]);
  await deliverEvents();
  const [payout] = await payoutsOf(host);
  await act('stripe', payout.payout_reference, 'pay_out');
  await heard(payout.payout_reference);
  expect(await payoutsOf(host)).toMatchObject([{ status: 'paid', amount: 60 }]);
  // It was the last: what comes in later waits for the minimum again, or is given up.
  expect(await host.post(LAST, {})).toMatchObject(refusal('nothing_to_pay_out'));
  await earning(50);
  expect(await host.post(LAST, {})).toMatchObject(refusal('last_payout_taken'));
  await paidOut();
  vi.useRealTimers();
  expect(await payoutsOf(host)).toHaveLength(1);
  expect((await leaving(50)).status).toBe(200);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0 });
  expect(await balancesOf(bystander.id)).toMatchObject({ provider_payable: 60 });
  await leftAlone(bystander);
});

test('a last payout needs somewhere to go, and more than it costs and than is owed', async () => {
  expect(await host.post(LAST, {})).toMatchObject(refusal('nothing_to_pay_out'));
  await earning(60);
  expect(await host.post(LAST, {})).toMatchObject(refusal('no_payout_account'));
  await connected(host);
  await set('driveway', 'payout_fee_amount', 10);
  await owing(host, 50);
  expect(await host.post(LAST, {})).toMatchObject(refusal('nothing_to_pay_out'));
  await earning(5);
  const answers = await Promise.all([host.post(LAST, {}), host.post(LAST, {})]);
  expect(answers.map(({ status, body }) => [status, body.owed_amount])).toEqual([
    [200, 50],
    [200, 50],
  ]);
  expect(answers[0]?.body).toEqual(answers[1]?.body);
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ amount: 5, netted_amount: 50, fee_amount: 10 }]);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0, receivable: 0 });
});

test('what is too little to be paid out is given up by saying how much it is, and nothing else', async () => {
  await earning(100);
  expect(await leaving(100)).toMatchObject(refusal('balance_remaining'));
  await post({
    type: 'refund',
    entries: [
      { account: 'provider_payable', user_id: host.id, amount: -1 },
      { account: 'platform_revenue', amount: 1 },
    ],
  });
  for (const wish of [0, 98, 100]) expect(await leaving(wish)).toMatchObject(refusal('balance_remaining'));
  expect(await deleteMe(host)).toMatchObject(refusal('balance_remaining'));
  // The wallet's name for it is for the wallet.
  expect(await deleteMe(host, { password: PASSWORD, forfeit_amount: 99 })).toMatchObject(
    refusal('balance_remaining'),
  );
  expect((await leaving(99)).status).toBe(200);
  expect(await statusOf(host.id)).toMatchObject({ account_status: 'deleted' });
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0 });
  expect(await forfeitsOf(host)).toEqual([{ earnings: 99, netted_amount: 0, currency: 'USD' }]);
});

test('earnings first pay what is owed, and the rest is given up', async () => {
  await earning(80);
  await owing(host, 90);
  for (const wish of [0, 80]) expect(await leaving(wish)).toMatchObject(refusal('money_owed'));
  await owing(host, -40);
  expect(await leaving(80)).toMatchObject(refusal('money_owed'));
  expect((await leaving(30)).status).toBe(200);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0, receivable: 0 });
  expect(await forfeitsOf(host)).toEqual([{ earnings: 30, netted_amount: 50, currency: 'USD' }]);
  const even = await signUpWithPassword('driveway', { roles: ['host'] });
  await earning(20, even);
  await owing(even, 20);
  expect((await leaving(0, even)).status).toBe(200);
  expect(await balancesOf(even.id)).toMatchObject({ provider_payable: 0, receivable: 0 });
});

test('what is given up while payouts are built or sent goes one way only', async () => {
  await connected(host);
  await earning(60);
  expect((await host.post(LAST, {})).status).toBe(200);
  await toNextPeriod('driveway');
  const now = await again(host);
  const [deleted] = await Promise.all([
    leaving(60, now),
    runSchedule('run-payouts', { marketplace: 'driveway' }).then(() => deliverEvents()),
  ]);
  await deliverEvents();
  const sent = (await payoutsOf(host)).filter(({ status }) => status === 'processing');
  const given = await forfeitsOf(host);
  expect(deleted.status === 200 ? given : sent).toHaveLength(1);
  expect(sent.length + given.length).toBe(1);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0 });
});

test('what was built and is not sent is let go of when its earnings are given up', async () => {
  await connected(host);
  await earning(60);
  await host.post(LAST, {});
  await paidOut();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'pending', amount: 60 }]);
  expect((await leaving(60, await again(host))).status).toBe(200);
  await deliverEvents();
  await paidOut();
  await deliverEvents();
  expect(await payoutsOf(host)).toMatchObject([{ status: 'cancelled', transfer_reference: null }]);
  expect(await balancesOf(host.id)).toMatchObject({ provider_payable: 0 });
});
