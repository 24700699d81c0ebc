import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { placed, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, eventsOf, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import {
  attemptsOf,
  bookingOf,
  breaches,
  CARD,
  completed,
  INITIATE,
  initiate,
  initiated,
  inTwoMonths,
  intentOf,
  postedFor,
  shown,
  tell,
} from './pay.ts';

const INTENTS = '/v1/payment_intents';
let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

/** A booking of $11.50 that waits for its payment. */
const unpaid = (changes: Record<string, unknown> = {}) =>
  placed(driver, host, { payment_timeout: 900, ...changes });

test('a payment is authorised, confirms the booking, and is taken and shared out when the booking is over', async () => {
  const booking = await unpaid();
  const payment = await initiated(driver, booking);
  expect(payment).toMatchObject({
    booking_id: booking.id,
    purpose: 'booking',
    status: 'pending',
    currency: 'USD',
    amount: 1150,
    gateway_amount: 1150,
    captured_amount: 0,
    gateway: 'stripe',
    failure: null,
    refunds: [],
    client: { client_secret: expect.stringContaining('_secret_') },
  });
  const reference = await intentOf(payment);
  await act('stripe', reference, 'succeed');
  expect(await tell('stripe', 'driveway', reference)).toEqual([200]);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'authorized', captured_amount: 0 });
  expect(await bookingOf(driver, booking)).toMatchObject({
    status: 'confirmed',
    payment_status: 'processing',
  });
  expect(await postedFor(payment)).toEqual({});

  await completed('driveway', booking);
  expect(await shown(driver, payment)).toMatchObject({
    status: 'succeeded',
    captured_amount: 1150,
    refunds: [],
  });
  expect(await bookingOf(driver, booking)).toMatchObject({
    status: 'completed',
    payment_status: 'succeeded',
  });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 1150, gateway_clearing: -1150 },
    release: { held: -1150, provider_payable: 1000, platform_revenue: 150 },
  });
  expect((await balancesOf(host.id)).provider_payable).toBe(1000);
  const stamps = await shown(driver, payment);
  expect(stamps).toMatchObject({
    authorized_at: expect.any(String),
    captured_at: expect.any(String),
    failed_at: null,
    refunded_at: null,
  });
  // What comes late or twice changes nothing.
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect(await shown(driver, payment)).toEqual({ ...stamps, updated_at: expect.any(String) });
  expect((await balancesOf(host.id)).provider_payable).toBe(1000);
  expect(await breaches()).toEqual([]);
});

test('a saved card that is declined leaves time for another one', async () => {
  const booking = await unpaid();
  const declined = await initiated(driver, booking, { payment_method: 'pm_card_chargeDeclined' });
  expect(declined).toMatchObject({
    status: 'failed',
    client: null,
    failure: { code: 'generic_decline', message: 'Your card was declined.' },
  });
  expect(await bookingOf(driver, booking)).toMatchObject({ awaits: 'payment', payment_status: 'failed' });
  const paid = await initiated(driver, booking, CARD);
  expect(paid).toMatchObject({ id: declined.id, status: 'authorized', failure: null, client: null });
  expect(await bookingOf(driver, booking)).toMatchObject({ status: 'confirmed' });
  expect(await attemptsOf(paid)).toMatchObject([
    { status: 'failed', is_current: false },
    { status: 'authorized', is_current: true },
  ]);
});

test('a charge whose answer is lost is found at the gateway, and nothing is charged twice', async () => {
  const booking = await unpaid();
  await orderFault('stripe', { path: INTENTS, how: 'cut', after: true });
  const lost = await initiated(driver, booking, CARD);
  expect(lost).toMatchObject({ status: 'pending', client: null, failure: { code: 'network' } });
  expect(await attemptsOf(lost)).toMatchObject([{ status: 'created', reference: null }]);
  // Nobody tells: the clock does.
  advanceClock(90);
  await runSchedule('sweep-timers');
  await deliverEvents();
  const [attempt] = await attemptsOf(lost);
  expect(attempt).toMatchObject({ status: 'authorized', reference: expect.stringMatching(/^pi_/) });
  expect(await bookingOf(await again(driver), booking)).toMatchObject({ status: 'confirmed' });
  expect(await eventsOf('stripe', attempt.id)).toHaveLength(1);
});

test('a lost answer is found by the webhook too, by our key', async () => {
  const booking = await unpaid();
  await orderFault('stripe', { path: INTENTS, how: 'cut', after: true });
  const lost = await initiated(driver, booking, CARD);
  const [{ id }] = await attemptsOf(lost);
  expect(await tell('stripe', 'driveway', id)).toEqual([200]);
  await deliverEvents();
  expect(await shown(driver, lost)).toMatchObject({ status: 'authorized', failure: null });
});

test.each([{ status: 500 }, { status: 503 }, { how: 'cut' }])(
  'after %j the same try is made again',
  async fault => {
    const booking = await unpaid();
    await orderFault('stripe', { path: INTENTS, ...fault });
    expect(await initiated(driver, booking, CARD)).toMatchObject({ status: 'pending' });
    const paid = await initiated(driver, booking, CARD);
    expect(paid.status).toBe('authorized');
    expect(await attemptsOf(paid)).toHaveLength(1);
  },
);

test('a charge that never reached the gateway is given up after an hour', async () => {
  const booking = await unpaid({ payment_timeout: 3 * 3600 });
  await orderFault('stripe', { path: INTENTS, how: 'cut' });
  const lost = await initiated(driver, booking, CARD);
  advanceClock(2 * 3600);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await attemptsOf(lost)).toMatchObject([{ status: 'cancelled' }]);
  const person = await again(driver);
  expect(await shown(person, lost)).toMatchObject({ status: 'failed' });
  expect(await initiated(person, booking, CARD)).toMatchObject({ id: lost.id, status: 'authorized' });
});

test('a request that the gateway refuses fails, and the next try is a new one', async () => {
  const booking = await unpaid();
  const body = { error: { type: 'invalid_request_error', code: 'parameter_invalid', message: 'No.' } };
  await orderFault('stripe', { path: INTENTS, status: 400, body });
  expect(await initiated(driver, booking)).toMatchObject({ status: 'failed', failure: { message: 'No.' } });
  const second = await initiated(driver, booking);
  expect(second.status).toBe('pending');
  expect(await attemptsOf(second)).toMatchObject([{ status: 'rejected' }, { status: 'requires_action' }]);
});

test('of two requests at once one makes the payment', async () => {
  const booking = await unpaid();
  const answers = await Promise.all([initiate(driver, booking, CARD), initiate(driver, booking, CARD)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  const paid = answers.find(({ status }) => status === 201)?.body;
  expect(await attemptsOf(paid)).toHaveLength(1);
});

test('a person who goes away and comes back finds the same payment', async () => {
  const booking = await unpaid();
  const first = await initiated(driver, booking);
  const second = await initiated(driver, booking);
  expect(second).toMatchObject({ id: first.id, client: first.client });
  expect(await attemptsOf(first)).toHaveLength(1);
});

test('what cannot be paid is refused', async () => {
  const booking = await unpaid();
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect(await initiate(stranger, booking)).toMatchObject({ status: 404 });
  expect(await initiate(host, booking)).toMatchObject({ status: 404 });
  expect(await initiate(await signUp('spacall', { roles: ['customer'] }), booking)).toMatchObject({
    status: 404,
  });
  expect(await initiate(driver, booking, { amount: 1 })).toMatchObject({ status: 400 });
  const elsewhere = await initiate(driver, booking, { gateway: 'bolt' });
  expect(elsewhere).toMatchObject({ status: 422, body: { code: 'gateway_not_offered' } });
  const payment = await initiated(driver, booking, CARD);
  expect(await initiate(driver, booking)).toMatchObject({ status: 409, body: { code: 'already_paid' } });
  expect((await stranger.get(`/api/v1/payments/${payment.id}`)).status).toBe(404);
  expect((await host.get(`/api/v1/payments/${payment.id}`)).status).toBe(404);
  const free = await placed(driver, host, {
    line_items: [],
    subtotal_amount: 0,
    fee_amount: 0,
    total_amount: 0,
  });
  expect((await initiate(driver, free)).body).toMatchObject({ code: 'nothing_to_pay' });
  const cancelled = await placed(driver, host, inTwoMonths());
  await driver.post(`/api/v1/bookings/${cancelled.id}/cancel`, {});
  expect((await initiate(driver, cancelled)).body).toMatchObject({ code: 'booking_not_payable' });
  expect((await anonymous('driveway').post(INITIATE, { booking_id: booking.id })).status).toBe(401);
});

test('the database refuses a status that does not follow', async () => {
  const payment = await initiated(driver, await unpaid(), CARD);
  const forced = asOwner(
    sql`update money.payments set status = 'pending' where id = ${payment.id}::uuid returning id`,
  );
  await expect(forced).rejects.toThrow('transition_not_allowed');
  const erased = asOwner(sql`delete from money.payments where id = ${payment.id}::uuid returning id`);
  await expect(erased).rejects.toThrow();
});

test('bystanders keep what they have', async () => {
  const other = await initiated(driver, await unpaid(), CARD);
  const booking = await unpaid();
  const payment = await initiated(driver, booking, CARD);
  await stepped(host, booking, 'cancelled');
  await deliverEvents();
  expect((await shown(driver, payment)).status).toBe('cancelled');
  expect((await shown(driver, other)).status).toBe('authorized');
});
