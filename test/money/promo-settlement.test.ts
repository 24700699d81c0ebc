import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes, placed, priceOf, stepped } from '../booking/bookings.ts';
import { booked, inHours, listed } from '../parking/spaces.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { balancesOf, topUp } from './ledger.ts';
import { bookingOf, breaches, CARD, completed, initiate, initiated, postedFor, shown } from './pay.ts';
import { promoOf, usesOf } from './promos.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const earned = async () => (await balancesOf(host.id)).provider_payable ?? 0;
/** A booking of $10.00 and a fee of $1.50 that waits for its payment. */
const unpaid = (promo: { code: string }, discount: number, changes: Record<string, unknown> = {}) =>
  placed(driver, host, {
    payment_timeout: 900,
    promo_code: promo.code,
    ...priceOf(1000, 150, discount),
    ...changes,
  });
const soon = { starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) };

test('the customer pays less, whoever is booked is paid in full, and the platform bears it', async () => {
  const before = await earned();
  const promo = await promoOf('driveway');
  const space = await listed(host, { hourly_rate: 500 });
  const booking = await booked(driver, space, inHours(48), inHours(50), { promo_code: promo.code });
  const payment = await initiated(driver, booking, CARD);
  expect(payment).toMatchObject({ status: 'authorized', amount: 950, gateway_amount: 950 });
  await completed('driveway', booking);
  expect(await shown(driver, payment)).toMatchObject({
    status: 'succeeded',
    captured_amount: 950,
    refunds: [],
  });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 950, gateway_clearing: -950 },
    release: { held: -950, provider_payable: 1000, platform_revenue: 150, promo_expense: -200 },
  });
  expect((await earned()) - before).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test('what staff give back of a discounted booking is taken from all who had their part, the platform’s own included', async () => {
  const before = await earned();
  const booking = await unpaid(await promoOf('driveway'), 200);
  const payment = await initiated(driver, booking, CARD);
  await completed('driveway', booking);
  const staff = await signUpStaff('driveway', 'admin');
  const path = `/api/v1/admin/payments/${payment.id}/refunds`;
  const wish = { reason: 'The gate was locked.', to: 'source' };
  const whole = await staff.post(path, { ...wish, amount: 951 });
  expect(whole.body.code).toBe('refund_too_large');
  expect((await staff.post(path, { ...wish, amount: 475 })).status).toBe(201);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 475 });
  expect((await earned()) - before).toBe(500);
  expect((await staff.post(path, { ...wish, amount: 475 })).status).toBe(201);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 950 });
  expect((await earned()) - before).toBe(0);
  const spent = Object.values(await postedFor(payment)).map(({ promo_expense = 0 }) => promo_expense);
  expect(spent.reduce((sum, amount) => sum + amount, 0)).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a late cancellation returns half of what was paid, not of what a code took off', async () => {
  const before = await earned();
  const promo = await promoOf('driveway');
  const booking = await unpaid(promo, 200, soon);
  const payment = await initiated(driver, booking, CARD);
  const quote = (await driver.get(`/api/v1/bookings/${booking.id}/cancellation-quote`)).body;
  expect(quote).toMatchObject({ total_amount: 950, refund_amount: 475, kept_amount: 475 });
  expect(quote.refund_items.map(({ amount }: { amount: number }) => amount)).toEqual([500, 75, -100]);
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, { expected_refund_amount: 475 });
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', captured_amount: 475 });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 475, gateway_clearing: -475 },
    release: { held: -475, provider_payable: 500, platform_revenue: 75, promo_expense: -100 },
  });
  expect((await earned()) - before).toBe(500);
  expect(await usesOf(promo)).toMatchObject({ usage_count: 1 });
  expect(await breaches()).toEqual([]);
});

test('money that was taken goes back whole when the provider cancels, and the platform bears nothing', async () => {
  await topUp(driver.id, 950);
  const promo = await promoOf('driveway');
  const booking = await unpaid(promo, 200);
  const payment = await initiated(driver, booking, { use_wallet: true });
  expect(payment).toMatchObject({ status: 'succeeded', wallet_amount: 950 });
  await stepped(host, booking, 'cancelled');
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 950 });
  expect(await postedFor(payment)).not.toHaveProperty('release');
  expect((await balancesOf(driver.id)).held).toBe(0);
  expect(await usesOf(promo)).toMatchObject({ usage_count: 0 });
});

test('a code that pays all leaves nothing to wait for, and whoever is booked is paid all the same, once', async () => {
  const before = await earned();
  const promo = await promoOf('driveway', { discount_type: 'fixed_amount', discount_value: 5000 });
  const booking = await unpaid(promo, 1000, priceOf(1000, 0, 1000));
  expect(booking).toMatchObject({ status: 'confirmed', awaits: null, expires_at: null, total_amount: 0 });
  expect((await initiate(driver, booking)).body).toMatchObject({ code: 'nothing_to_pay' });
  await completed('driveway', booking);
  const release = { provider_payable: 1000, promo_expense: -1000 };
  expect(await postedFor(booking)).toEqual({ release });
  await actAs('driveway', sql`select money.settle_booking(${booking.id}::uuid)`);
  expect(await postedFor(booking)).toEqual({ release });
  expect((await earned()) - before).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test('of a free booking that is cancelled late, the provider keeps their half', async () => {
  const promo = await promoOf('driveway', { discount_type: 'fixed_amount', discount_value: 5000 });
  const booking = await unpaid(promo, 1000, { ...priceOf(1000, 0, 1000), ...soon });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  expect(await postedFor(booking)).toEqual({ release: { provider_payable: 500, promo_expense: -500 } });
  expect(await bookingOf(driver, booking)).toMatchObject({ refund_amount: 0 });
  const other = await unpaid(
    await promoOf('driveway', { discount_type: 'fixed_amount', discount_value: 5000 }),
    1000,
    priceOf(1000, 0, 1000),
  );
  await stepped(host, other, 'cancelled');
  expect(await postedFor(other)).toEqual({});
  expect(await breaches()).toEqual([]);
});

test('what staying on costs beyond a free booking is owed by the customer', async () => {
  const promo = await promoOf('driveway', { discount_type: 'fixed_amount', discount_value: 5000 });
  const booking = await unpaid(promo, 1000, {
    ...priceOf(1000, 0, 1000),
    starts_at: inMinutes(-180),
    ends_at: inMinutes(-60),
  });
  await completed('driveway', booking);
  const { overstay_amount, total_amount } = await bookingOf(driver, booking);
  expect(overstay_amount).toBeGreaterThan(0);
  expect(total_amount).toBe(overstay_amount);
  expect(await postedFor(booking)).toEqual({
    release: {
      provider_payable: 1000 + overstay_amount,
      promo_expense: -1000,
      receivable: -overstay_amount,
    },
  });
  const owed = await asOwner(
    sql`select payload from app.outbox where type = 'payment.owed' and payload ->> 'booking_id' = ${booking.id}::text`,
  );
  expect(owed).toMatchObject([{ payload: { user_id: driver.id, amount: overstay_amount } }]);
  // Who pays the booking then pays the debt, and nobody is paid twice.
  await topUp(driver.id, overstay_amount);
  const payment = await initiated(driver, booking, { use_wallet: true });
  await deliverEvents();
  expect(await postedFor(payment)).toMatchObject({
    release: { held: -overstay_amount, receivable: overstay_amount },
  });
  expect(await balancesOf(driver.id)).toMatchObject({ receivable: 0, held: 0 });
  expect(await breaches()).toEqual([]);
});

test('a payment of one cent whose cancellation rounds to all of it still leaves the provider their part', async () => {
  const promo = await promoOf('driveway', { discount_type: 'fixed_amount', discount_value: 1000 });
  const booking = await unpaid(promo, 1000, { ...priceOf(1000, 1, 1000), ...soon });
  await topUp(driver.id, 1);
  const payment = await initiated(driver, booking, { use_wallet: true });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1 });
  expect(await postedFor(booking)).toEqual({ release: { provider_payable: 500, promo_expense: -500 } });
  expect((await balancesOf(driver.id)).held).toBe(0);
  expect(await breaches()).toEqual([]);
});
