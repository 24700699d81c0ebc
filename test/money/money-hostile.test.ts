import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { age, deleteMe, statusOf } from '../privacy/deletions.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { decided, disputed, movedBy, over, paidOut } from './after.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, pay, post } from './ledger.ts';
import { breaches, CARD, INITIATE, intentOf, shown, tell } from './pay.ts';

const CLEARING = 'gateway_clearing stripe USD';
const DISPUTES = '/api/v1/admin/disputes';
let driver: Person;
let host: Person;
let finance: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  finance = await signUpStaff('driveway', 'admin');
});

const disputeOf = async (payment: { id: string }) =>
  (await finance.get(DISPUTES)).body.items.find(
    (item: { payment_id: string }) => item.payment_id === payment.id,
  );

async function toppedUp(person: Person, amount: number) {
  const { body: topup } = await person.post('/api/v1/wallet/top-ups', { amount });
  const { body: payment } = await person.post(INITIATE, { topup_id: topup.id, ...CARD });
  await deliverEvents();
  return payment;
}

test('a top-up that is disputed when the wallet has spent it is owed by its person', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const payment = await toppedUp(person, 1000);
  await pay(person.id, 700);
  const reference = await disputed(payment);
  expect(await disputeOf(payment)).toMatchObject({ status: 'needs_response', borne_by_payees: 1000 });
  expect(await balancesOf(person.id)).toMatchObject({ wallet: 0, receivable: -700 });
  await decided(reference, 'win');
  expect(await breaches()).toEqual([]);
});

test('a tip that is paid after another amount was noted says what was paid', async () => {
  const { booking } = await over(driver, host);
  const tip = (amount: number) => driver.post(`/api/v1/bookings/${booking.id}/tip`, { amount });
  const { body: first } = await tip(100);
  const { body: payment } = await driver.post(INITIATE, { tip_id: first.id });
  await tip(250);
  const reference = await intentOf(payment);
  await act('stripe', reference, 'succeed');
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', captured_amount: 100 });
  const [kept] = await asOwner(sql`select amount, status from money.tips where id = ${first.id}::uuid`);
  expect(kept).toEqual({ amount: 100, status: 'paid' });
});

test('a dispute about somebody who is purged is the platform’s loss', async () => {
  const gone = await signUpWithPassword('driveway', { roles: ['host'] });
  const { payment } = await over(driver, gone);
  await paidOut(gone, 1000);
  // Once they owed something, so that this account is there and is closed too.
  for (const amount of [-100, 100])
    await post({
      entries: [
        { account: 'receivable', user_id: gone.id, amount },
        { account: 'platform_revenue', amount: -amount },
      ],
    });
  expect((await deleteMe(gone)).status).toBe(200);
  await age(gone, '91 days');
  await runSchedule('apply-retention');
  expect(await statusOf(gone.id)).toMatchObject({ purged: true });
  let reference = '';
  const moved = await movedBy(async () => {
    reference = await disputed(payment);
  });
  expect(moved).toEqual({ [CLEARING]: 2650, 'gateway_fees USD': -1500, 'dispute_expense USD': -1150 });
  expect(await disputeOf(payment)).toMatchObject({ status: 'needs_response', borne_by_payees: 0 });
  expect(await movedBy(() => decided(reference, 'win'))).toEqual({
    [CLEARING]: -1150,
    'dispute_expense USD': 1150,
  });
  expect(await breaches()).toEqual([]);
});

test('what a gateway takes for a top-up whose person has left meanwhile goes back', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['driver'] });
  const { body: topup } = await person.post('/api/v1/wallet/top-ups', { amount: 1000 });
  const { body: payment } = await person.post(INITIATE, { topup_id: topup.id });
  const reference = await intentOf(payment);
  expect((await deleteMe(person)).status).toBe(200);
  await act('stripe', reference, 'succeed');
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect((await balancesOf(person.id)).wallet ?? 0).toBe(0);
  expect((await finance.get(`/api/v1/admin/payments/${payment.id}`)).body).toMatchObject({
    status: 'cancelled',
    refunds: [{ reason: 'paid_too_late', amount: 1000, status: 'succeeded' }],
  });
  expect(await breaches()).toEqual([]);
});

test('a tip that is paid when its provider has left meanwhile goes back', async () => {
  const gone = await signUpWithPassword('driveway', { roles: ['host'] });
  const { booking } = await over(driver, gone);
  const { body: tip } = await driver.post(`/api/v1/bookings/${booking.id}/tip`, { amount: 400 });
  const { body: payment } = await driver.post(INITIATE, { tip_id: tip.id });
  const reference = await intentOf(payment);
  await paidOut(gone, 1000);
  expect((await deleteMe(gone)).status).toBe(200);
  await act('stripe', reference, 'succeed');
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect((await balancesOf(gone.id)).provider_payable).toBe(0);
  expect(await shown(driver, payment)).toMatchObject({
    status: 'cancelled',
    refunds: [{ reason: 'paid_too_late', amount: 400, status: 'succeeded' }],
  });
  expect(await breaches()).toEqual([]);
});
