import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes, placed } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { clearAws, orderAws } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { movedBy, paid, refundsOf } from './after.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, topUp } from './ledger.ts';
import { debtOf, letGo, paysDebt, sweep } from './owing.ts';
import { attemptsOf, breaches, CARD, completed, initiated, postedFor, shown, tell } from './pay.ts';

/** What a gateway takes for a stay that is owed by then, and what is cut off on the way there. */

let customer: Person;
let provider: Person;
beforeEach(async () => {
  customer = await signUp('handie', { roles: ['customer'] });
  provider = await signUp('handie', { roles: ['expert'] });
});

/** A stay of ₹11.50 that is over while its customer is still in Razorpay's checkout, which nobody can close. */
async function owed() {
  const booking = await placed(customer, provider, { payment_timeout: 0, currency: 'INR' });
  const payment = await initiated(customer, booking);
  await completed('handie', booking);
  expect(await debtOf(customer)).toBe(1150);
  return { booking, payment, order: payment.client.order_id };
}

const WALLET = { use_wallet: true };
const paysByWallet = () => customer.post('/api/v1/debt/payments', WALLET);
const earned = async () => (await balancesOf(provider.id)).provider_payable ?? 0;

/** Razorpay takes the money after all, and tells. */
async function takenLate(order: string) {
  await act('razorpay', order, 'succeed');
  await tell('razorpay', 'handie', order);
}

async function expectBack(payment: { id: string }) {
  expect(await refundsOf(payment)).toMatchObject([
    { method: 'gateway', amount: 1150, reason: 'paid_too_late' },
  ]);
  expect(await postedFor(payment)).toMatchObject({
    payment: { held: 1150, gateway_clearing: -1150 },
    charge: { receivable: -1150, uncollected: 1150 },
    refund: { held: -1150, gateway_clearing: 1150 },
  });
  expect(await shown(customer, payment)).toMatchObject({ status: 'failed', captured_amount: 0 });
}

test('what comes before the debt is paid goes back, and the debt stays', async () => {
  const { payment, order } = await owed();
  await takenLate(order);
  await deliverEvents();
  await tell('razorpay', 'handie', order);
  await deliverEvents();
  await expectBack(payment);
  expect([await debtOf(customer), await earned()]).toEqual([1150, 0]);
  await topUp(customer.id, 1150, 'handie', 'INR');
  expect((await paysByWallet()).body.status).toBe('succeeded');
  await sweep();
  expect([await debtOf(customer), await earned()]).toEqual([0, 1000]);
  expect(await breaches()).toEqual([]);
});

test('what comes after the debt was paid goes back, and its provider has it once', async () => {
  const { payment, order } = await owed();
  await topUp(customer.id, 1150, 'handie', 'INR');
  expect((await paysByWallet()).body.status).toBe('succeeded');
  await sweep();
  await takenLate(order);
  await deliverEvents();
  await expectBack(payment);
  expect([await debtOf(customer), await earned()]).toEqual([0, 1000]);
  expect(await breaches()).toEqual([]);
});

test('a debt that is paid while the late webhook arrives is paid once, and what was taken goes back', async () => {
  const { payment, order } = await owed();
  await topUp(customer.id, 2300, 'handie', 'INR');
  await takenLate(order);
  // As the worker that has read it at Razorpay: the people's requests have their own rights in this process.
  const [attempt] = await attemptsOf(payment);
  const read = { status: 'captured', captured_amount: 1150 };
  const [first, second] = await Promise.all([
    paysByWallet(),
    paysByWallet(),
    actAs('handie', sql`select money.record_attempt(${attempt.id}::uuid, ${read}::jsonb)`),
  ]);
  await deliverEvents();
  expect([first.status, second.status].sort()).toEqual([201, 409]);
  await sweep();
  await expectBack(payment);
  expect([await debtOf(customer), await earned()]).toEqual([0, 1000]);
  expect(await balancesOf(customer.id)).toMatchObject({ wallet: 1150, held: 0 });
  expect(await breaches()).toEqual([]);
});

test('what is looked at again, swept again and told again changes nothing', async () => {
  const { payment, order } = await owed();
  await topUp(customer.id, 1150, 'handie', 'INR');
  await paysByWallet();
  await sweep();
  const before = await postedFor(payment);
  const moved = await movedBy(async () => {
    for (let times = 0; times < 2; times += 1) {
      await actAs('handie', sql`select money.ask_for_work(${payment.id}::uuid)`);
      await actAs('handie', sql`select money.ask_to_share_debts(${customer.id}::uuid)`);
      await tell('razorpay', 'handie', order);
      await sweep(120);
    }
  }, 'handie');
  expect(moved).toEqual({});
  expect(await postedFor(payment)).toEqual(before);
});

test('what a card gives for what the wallet had paid by then goes back', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const host = await signUp('driveway', { roles: ['host'] });
  await topUp(driver.id, 700);
  const soon = { starts_at: inMinutes(180), ends_at: inMinutes(300) };
  const booking = await placed(driver, host, { payment_timeout: 900, ...soon });
  const payment = await initiated(driver, booking, { ...CARD, use_wallet: true });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
  await deliverEvents();
  const [attempt] = await attemptsOf(payment);
  expect(attempt).toMatchObject({ status: 'cancelled' });
  await actAs(
    'driveway',
    sql`select money.record_attempt(${attempt.id}::uuid, '{"status": "captured", "captured_amount": 450}')`,
  );
  expect(await refundsOf(payment)).toMatchObject([
    { method: 'wallet', amount: 125, reason: 'not_owed' },
    { method: 'gateway', amount: 450, reason: 'paid_too_late' },
  ]);
  expect(await breaches()).toEqual([]);
});

/** Of the worker's calls of the database that one that is cut off, before it does anything or before it hears of it. */
const CUTS = (['fail', 'lose'] as const).flatMap(kind => [0, 1, 2, 3, 4].map(skip => [kind, skip] as const));

test.each(CUTS)(
  'a worker whose call is to %s after %i others leaves one debt, which is shared out once',
  async (kind, skip) => {
    const driver = await signUp('driveway', { roles: ['driver'] });
    const host = await signUp('driveway', { roles: ['host'] });
    const { booking, payment } = await paid(driver, host);
    await letGo(payment);
    const cut = {
      action: 'rds-data:ExecuteStatement',
      kind,
      error: 'InternalServerErrorException',
      skip,
      times: 1,
    };
    const retried = async (work: () => Promise<unknown>) => {
      await orderAws(cut);
      await work().catch(() => null);
      await clearAws();
      await work();
    };
    await actAs('driveway', sql`select * from booking.transition(${booking.id}::uuid, 'active')`);
    await actAs('driveway', sql`select * from booking.transition(${booking.id}::uuid, 'completed')`);
    await retried(() => deliverEvents({ again: true }));
    advanceClock(90);
    await runSchedule('sweep-timers');
    await deliverEvents({ again: true });
    const person = await again(driver);
    expect(await debtOf(person)).toBe(1150);
    expect((await person.post('/api/v1/debt/payments', CARD)).body.status).toBe('succeeded');
    await retried(() => runSchedule('sweep-timers'));
    await retried(() => deliverEvents({ again: true }));
    // Who was cut off holds the payment for a minute.
    advanceClock(90);
    await runSchedule('sweep-timers');
    await deliverEvents({ again: true });
    expect(await postedFor(payment)).toEqual({
      charge: { receivable: -1150, uncollected: 1150 },
      release: { uncollected: -1150, provider_payable: 1000, platform_revenue: 150 },
    });
    const owing = await asOwner(
      sql`select 1 from app.outbox where type = 'payment.owed' and payload ->> 'payment_id' = ${payment.id}`,
    );
    expect(owing).toHaveLength(1);
    expect(await breaches()).toEqual([]);
  },
);

test('debts are paid oldest first, and one of which a part was netted waits for the rest', async () => {
  const driver = await signUp('driveway', { roles: ['driver', 'host'] });
  const hosts = [
    await signUp('driveway', { roles: ['host'] }),
    await signUp('driveway', { roles: ['host'] }),
  ];
  for (const host of hosts) await completed('driveway', await placed(driver, host));
  expect(await debtOf(driver)).toBe(2300);
  const earnings = async () =>
    Promise.all(hosts.map(async host => (await balancesOf(host.id)).provider_payable ?? 0));
  await actAs(
    'driveway',
    sql`
    select money.post(jsonb_build_object('key', ${driver.id}::text, 'type', 'netting', 'description', 'A payout', 'currency', 'USD',
      'entries', jsonb_build_array(
        jsonb_build_object('account', 'receivable', 'user_id', ${driver.id}::uuid, 'amount', 1500),
        jsonb_build_object('account', 'platform_revenue', 'amount', -1500)))),
      money.tell_repaid(${driver.id}::uuid)`,
  );
  await sweep();
  expect(await earnings()).toEqual([1000, 0]);
  await paysDebt(driver);
  expect(await earnings()).toEqual([1000, 1000]);
  expect(await breaches()).toEqual([]);
});
