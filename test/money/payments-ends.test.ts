import { beforeEach, expect, test } from 'vitest';
import { inMinutes, placed, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, orderFault } from './gateways/providers.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { attemptsOf, bookingOf, breaches, CARD, initiated, intentOf, postedFor, shown } from './pay.ts';

let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

/** A booking of $11.50 that waits for its payment. */
const unpaid = (changes: Record<string, unknown> = {}) =>
  placed(driver, host, { payment_timeout: 900, ...changes });

test('a cancellation in time gives back what was reserved, and nothing was ever taken', async () => {
  const booking = await unpaid({ starts_at: inMinutes(48 * 60), ends_at: inMinutes(50 * 60) });
  const payment = await initiated(driver, booking, CARD);
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'cancelled', captured_amount: 0 });
  expect(await bookingOf(driver, booking)).toMatchObject({
    status: 'cancelled',
    payment_status: 'cancelled',
  });
  expect(await attemptsOf(payment)).toMatchObject([{ status: 'cancelled' }]);
  expect(await postedFor(payment)).toEqual({});
});

test('a booking that is over after the bank’s week is taken at once, and goes back through the gateway', async () => {
  const booking = await unpaid({
    starts_at: inMinutes(20 * 24 * 60),
    ends_at: inMinutes(20 * 24 * 60 + 120),
  });
  const payment = await initiated(driver, booking, CARD);
  expect(payment).toMatchObject({ status: 'succeeded', captured_amount: 1150 });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({
    status: 'refunded',
    refunded_amount: 1150,
    refunded_at: expect.any(String),
    refunds: [{ method: 'gateway', amount: 1150, reason: 'not_owed', status: 'succeeded' }],
  });
  const { items } = (await driver.get('/api/v1/transactions')).body;
  expect(items).toMatchObject([
    { type: 'refund', status: 'completed', amount: 1150, payment_method: 'card', booking_id: booking.id },
    { type: 'payment', status: 'refunded', amount: 1150, payment_type: 'parking' },
  ]);
  expect(new Set(items.map((item: { transaction_number: string }) => item.transaction_number)).size).toBe(2);
  expect(await balancesOf(driver.id)).toMatchObject({ held: 0 });
});

test('a late cancellation takes what the quote kept, line by line', async () => {
  const booking = await unpaid({ starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) });
  const payment = await initiated(driver, booking, CARD);
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({
    status: 'succeeded',
    amount: 1150,
    captured_amount: 575,
  });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 575, gateway_clearing: -575 },
    release: { held: -575, provider_payable: 500, platform_revenue: 75 },
  });
  expect(await breaches()).toEqual([]);
});

test('a payment that comes when the booking is gone is given back', async () => {
  const booking = await unpaid();
  const payment = await initiated(driver, booking);
  const reference = await intentOf(payment);
  advanceClock(1000);
  await act('stripe', reference, 'succeed');
  await runSchedule('sweep-timers');
  await deliverEvents();
  const person = await again(driver);
  expect(await bookingOf(person, booking)).toMatchObject({ status: 'cancelled' });
  expect(await shown(person, payment)).toMatchObject({ status: 'cancelled', captured_amount: 0 });
});

test('credits and wallet give what they have, and get back what is not owed', async () => {
  await topUp(driver.id, 300);
  await post({
    type: 'earned',
    currency: 'XCR',
    entries: [
      { account: 'credits', user_id: driver.id, amount: 4, type: 'earned' },
      { account: 'credit_expense', amount: -4 },
    ],
  });
  const booking = await unpaid({ starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) });
  const payment = await initiated(driver, booking, { use_wallet: true, use_credits: true, ...CARD });
  expect(payment).toMatchObject({
    status: 'authorized',
    credits_amount: 400,
    wallet_amount: 300,
    gateway_amount: 450,
  });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 0, credits: 0, held: 700 });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  // 575 are owed: the gateway's part is not needed, and of the others 125 are left over.
  expect(await shown(driver, payment)).toMatchObject({
    status: 'partially_refunded',
    captured_amount: 0,
    refunded_amount: 125,
    refunds: [{ method: 'wallet', amount: 125, status: 'succeeded' }],
  });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 125, credits: 0, held: 0 });
  expect((await balancesOf(host.id)).provider_payable).toBe(500);
  expect(await breaches()).toEqual([]);
});

test('a booking that the wallet pays whole needs no gateway, and comes back whole', async () => {
  await topUp(driver.id, 2000);
  const booking = await unpaid();
  const payment = await initiated(driver, booking, { use_wallet: true });
  expect(payment).toMatchObject({ status: 'succeeded', gateway: null, client: null, wallet_amount: 1150 });
  expect(await bookingOf(driver, booking)).toMatchObject({
    status: 'confirmed',
    payment_status: 'succeeded',
  });
  await stepped(host, booking, 'cancelled');
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 2000, held: 0 });
  expect(await bookingOf(driver, booking)).toMatchObject({ payment_status: 'refunded' });
});

test('a gateway part that is cancelled gives wallet and credits back', async () => {
  await topUp(driver.id, 150);
  const booking = await unpaid({ starts_at: inMinutes(48 * 60), ends_at: inMinutes(50 * 60) });
  const payment = await initiated(driver, booking, { use_wallet: true, ...CARD });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'cancelled' });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 150, held: 0 });
});

test('a gateway part that was refused gives wallet and credits back when the booking is cancelled', async () => {
  await topUp(driver.id, 150);
  const booking = await unpaid({ starts_at: inMinutes(48 * 60), ends_at: inMinutes(50 * 60) });
  const body = { error: { type: 'invalid_request_error', code: 'parameter_invalid', message: 'No.' } };
  await orderFault('stripe', { path: '/v1/payment_intents', status: 400, body });
  const payment = await initiated(driver, booking, { use_wallet: true, ...CARD });
  expect(await attemptsOf(payment)).toMatchObject([{ status: 'rejected' }]);
  await stepped(host, booking, 'cancelled');
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'cancelled' });
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 150, held: 0 });
  expect(await breaches()).toEqual([]);
});

test('what a stay that grew costs beyond the payment is owed', async () => {
  const booking = await unpaid();
  const payment = await initiated(driver, booking, CARD);
  await stepped('driveway', booking, 'active');
  advanceClock(28 * 3600);
  await stepped('driveway', booking, 'completed');
  await deliverEvents();
  // Two hours over at one and a half times the price, and the fee on them.
  expect(await balancesOf(driver.id)).toMatchObject({ held: 0, receivable: -1725 });
  expect((await balancesOf(host.id)).provider_payable).toBe(2500);
  expect(await postedFor(payment)).toMatchObject({
    payment: { gateway_clearing: -1150 },
    release: { held: -1150, receivable: -1725, provider_payable: 2500, platform_revenue: 375 },
  });
  expect(await breaches()).toEqual([]);
});
