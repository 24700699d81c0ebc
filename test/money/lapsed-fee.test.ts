import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes, placed } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { referenceOf, saveCard } from './after.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, topUp } from './ledger.ts';
import { debtOf, lapsed, letGo, sweep } from './owing.ts';
import { attemptsOf, breaches, CARD, initiated, postedFor, shown, tell } from './pay.ts';

/** A bank has let go of what a card had reserved, and the booking is cancelled when that costs half: $5.75. */

let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUpWithPassword('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

async function reserved(wish: Record<string, unknown> = {}, minutes = 180) {
  const times = { starts_at: inMinutes(minutes), ends_at: inMinutes(minutes + 120) };
  const booking = await placed(driver, host, { payment_timeout: 900, ...times });
  const payment = await initiated(driver, booking, { ...CARD, ...wish });
  expect(payment.status).toBe('authorized');
  return { booking, payment };
}

async function cancelled(booking: { id: string }, by = driver) {
  const answer = await by.post(`/api/v1/bookings/${booking.id}/cancel`);
  expect(answer.status).toBe(200);
  await deliverEvents();
  return answer.body;
}

const toldTo = async (person: Person) =>
  (
    await asOwner(sql`
      select template from notify.messages where user_id = ${person.id}::uuid and template ~ '^payment_' order by id`)
  ).map(({ template }: { template: string }) => template);

test('what cancelling costs is owed, the saved card pays it, and then its payees have theirs', async () => {
  await saveCard(driver);
  const { booking, payment } = await reserved();
  await lapsed(payment);
  expect(await cancelled(booking)).toMatchObject({ refund_amount: 575 });
  expect(await debtOf(driver)).toBe(575);
  expect(await shown(driver, payment)).toMatchObject({ status: 'failed', captured_amount: 0 });
  expect(await postedFor(payment)).toEqual({ charge: { receivable: -575, uncollected: 575 } });
  expect(await toldTo(driver)).toEqual(['payment_lapsed', 'payment_owed']);
  await sweep(90);
  await sweep();
  const later = await again(driver);
  expect(await debtOf(later)).toBe(0);
  const [debt, ...others] = await asOwner(sql`
    select status, amount from money.payments where payer_id = ${driver.id}::uuid and purpose = 'debt'`);
  expect([debt, others]).toEqual([{ status: 'succeeded', amount: 575 }, []]);
  expect(await postedFor(payment)).toMatchObject({
    release: { uncollected: -575, provider_payable: 500, platform_revenue: 75 },
  });
  expect((await later.get(`/api/v1/bookings/${booking.id}`)).body.payment_status).toBe('succeeded');
  expect(await breaches()).toEqual([]);
});

test('a lapse that shows only when the fee is to be taken comes to the same, and is told as what is owed', async () => {
  const { booking, payment } = await reserved();
  await letGo(payment);
  await cancelled(booking);
  expect(await debtOf(driver)).toBe(575);
  expect(await toldTo(driver)).toEqual(['payment_owed']);
  // Told once more, and looked at again: nothing is owed twice.
  await tell('stripe', 'driveway', await referenceOf(payment));
  await sweep(600);
  const later = await again(driver);
  expect(await debtOf(later)).toBe(575);
  const paid = await later.post('/api/v1/debt/payments', CARD);
  expect(paid.body).toMatchObject({ status: 'succeeded', amount: 575 });
  expect(await debtOf(later)).toBe(0);
  const again_ = await later.post('/api/v1/payments/initiate', { booking_id: booking.id, ...CARD });
  expect(again_.body.code).toBe('booking_owed');
  expect(await breaches()).toEqual([]);
});

test('what the wallet had given counts, with an invoice for that', async () => {
  await topUp(driver.id, 300);
  const { booking, payment } = await reserved({ use_wallet: true });
  await lapsed(payment);
  await cancelled(booking);
  expect(await debtOf(driver)).toBe(275);
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 0, held: 0, receivable: -275 });
  const { body } = await driver.get(`/api/v1/payments/${payment.id}`);
  expect(body.invoice).toMatchObject({ total_amount: 300 });
  expect(await breaches()).toEqual([]);
});

test.each([
  ['free of charge', 25 * 60, () => driver],
  ['the host’s doing', 180, () => host],
])('a cancellation that is %s leaves no debt', async (_, minutes, who) => {
  const { booking, payment } = await reserved({}, minutes);
  await lapsed(payment);
  await cancelled(booking, who());
  expect(await debtOf(driver)).toBe(0);
  expect((await balancesOf(host.id)).provider_payable ?? 0).toBe(0);
  expect(await shown(driver, payment)).toMatchObject({ status: 'cancelled' });
  expect(await breaches()).toEqual([]);
});

test.each([
  ['was declined', { payment_method: 'pm_card_chargeDeclined' }, 'failed'],
  ['waits for its person', {}, 'pending'],
])('a try after the lapse that %s is given up at the gateway first', async (_, wish, status) => {
  const { booking, payment } = await reserved();
  await lapsed(payment);
  expect(await initiated(driver, booking, wish)).toMatchObject({ id: payment.id, status });
  await cancelled(booking);
  expect((await attemptsOf(payment)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled']);
  expect(await debtOf(driver)).toBe(575);
  expect(await breaches()).toEqual([]);
});

test('a try that the bank has reserved after all pays, and nothing is owed', async () => {
  const { booking, payment } = await reserved();
  await lapsed(payment);
  await initiated(driver, booking, { payment_method: 'pm_card_chargeDeclined' });
  await act('stripe', await referenceOf(payment), 'succeed');
  await cancelled(booking);
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', captured_amount: 575 });
  expect(await debtOf(driver)).toBe(0);
  expect((await balancesOf(host.id)).provider_payable).toBe(500);
  expect(await breaches()).toEqual([]);
});

test('what a gateway takes although it is owed by then goes back', async () => {
  const { booking, payment } = await reserved();
  await lapsed(payment);
  await cancelled(booking);
  const [attempt] = await attemptsOf(payment);
  await actAs(
    'driveway',
    sql`select money.record_attempt(${attempt.id}::uuid, '{"status": "captured", "captured_amount": 1150}')`,
  );
  const refunds = await asOwner(
    sql`select amount, reason from money.refunds where payment_id = ${payment.id}::uuid`,
  );
  expect(refunds).toEqual([{ amount: 1150, reason: 'paid_too_late' }]);
  expect(await shown(driver, payment)).toMatchObject({ status: 'failed', captured_amount: 0 });
  expect(await debtOf(driver)).toBe(575);
  expect(await breaches()).toEqual([]);
});
