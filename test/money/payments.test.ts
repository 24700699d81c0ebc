import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes, placed, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, eventsOf, orderFault } from './gateways/providers.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { attemptsOf, breaches, CARD, INITIATE, initiate, initiated, postedFor, shown, tell } from './pay.ts';

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
const bookingOf = async (person: Person, booking: { id: string }) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;
const intentOf = async (payment: { id: string }) => (await attemptsOf(payment))[0].reference;
async function complete(booking: { id: string }) {
  await stepped('driveway', booking, 'active');
  await stepped('driveway', booking, 'completed');
  await deliverEvents();
}

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

  await complete(booking);
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
  // What comes late or twice changes nothing.
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
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
  const cancelled = await placed(driver, host);
  await driver.post(`/api/v1/bookings/${cancelled.id}/cancel`, {});
  expect((await initiate(driver, cancelled)).body).toMatchObject({ code: 'booking_not_payable' });
  expect((await anonymous('driveway').post(INITIATE, { booking_id: booking.id })).status).toBe(401);
});

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
    refunds: [{ method: 'gateway', amount: 1150, reason: 'not_owed', status: 'succeeded' }],
  });
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

/** A booking of ₹11.50 in a marketplace that takes the money at once. */
async function inRupees(changes: Record<string, unknown> = {}) {
  const customer = await signUp('handie', { roles: ['customer'] });
  const owner = await signUp('handie', { roles: ['customer'] });
  const booking = await placed(customer, owner, { payment_timeout: 900, currency: 'INR', ...changes });
  return { customer, owner, booking };
}

test('what the checkout gave the app confirms the booking without a webhook', async () => {
  const { customer, owner, booking } = await inRupees();
  const payment = await initiated(customer, booking);
  expect(payment).toMatchObject({ gateway: 'razorpay', client: { order_id: expect.any(String) } });
  const said = await act('razorpay', payment.client.order_id, 'succeed');
  const callback = (person: Person, fields: Record<string, string>, gateway = 'razorpay') =>
    person.post('/api/v1/payments/callback', { gateway, fields });
  const forged = await callback(customer, { ...said, razorpay_signature: '00' });
  expect(forged).toMatchObject({ status: 422, body: { code: 'signature_invalid' } });
  expect((await callback(owner, said)).status).toBe(404);
  expect((await callback(customer, said, 'stripe')).body).toMatchObject({ code: 'gateway_not_offered' });
  expect((await shown(customer, payment)).status).toBe('pending');
  const answer = await callback(customer, said);
  expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded', captured_amount: 1150 } });
  expect(await callback(customer, said)).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  expect(await bookingOf(customer, booking)).toMatchObject({ awaits: null, payment_status: 'succeeded' });
  expect(await postedFor(payment)).toEqual({ payment: { held: 1150, gateway_clearing: -1150 } });
});

test('a callback whose payment cannot be read leaves it to whoever looks next', async () => {
  const { customer, booking } = await inRupees();
  const payment = await initiated(customer, booking);
  const said = await act('razorpay', payment.client.order_id, 'succeed');
  await orderFault('razorpay', { path: `/v1/orders/${payment.client.order_id}`, status: 500, body: {} });
  const callback = await customer.post('/api/v1/payments/callback', { gateway: 'razorpay', fields: said });
  expect(callback).toMatchObject({ status: 200, body: { status: 'pending' } });
  await tell('razorpay', 'handie', payment.client.order_id);
  await deliverEvents();
  expect((await shown(customer, payment)).status).toBe('succeeded');
});

test('money that was taken goes back when the booking is cancelled, through the gateway it came from', async () => {
  const { customer, owner, booking } = await inRupees();
  const payment = await initiated(customer, booking);
  const reference = payment.client.order_id;
  await act('razorpay', reference, 'succeed');
  await tell('razorpay', 'handie', reference);
  await deliverEvents();
  await stepped(owner, booking, 'cancelled');
  // The first call's answer is lost: the second finds the refund.
  await orderFault('razorpay', { path: '/v1/payments/*/refund', how: 'cut', after: true });
  await deliverEvents();
  expect((await shown(customer, payment)).refunds).toMatchObject([{ status: 'pending' }]);
  advanceClock(120);
  await runSchedule('sweep-timers');
  await deliverEvents();
  const person = await again(customer);
  const refunded = await shown(person, payment);
  expect(refunded).toMatchObject({ refunds: [{ method: 'gateway', amount: 1150, reason: 'not_owed' }] });
  // Razorpay says when the bank has taken it.
  if (refunded.refunds[0].status === 'processing') {
    const [{ reference: refund }] = await asOwner(
      sql`select reference from money.refunds where payment_id = ${payment.id}::uuid`,
    );
    await act('razorpay', refund, 'succeed');
    await tell('razorpay', 'handie', refund);
    await deliverEvents();
  }
  expect(await shown(person, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 1150, gateway_clearing: -1150 },
    refund: { held: -1150, gateway_clearing: 1150 },
  });
  expect(await bookingOf(person, booking)).toMatchObject({ payment_status: 'refunded' });
});

test('money that comes for a booking that is gone is told of, and goes back', async () => {
  const { customer, booking } = await inRupees();
  const payment = await initiated(customer, booking);
  const reference = payment.client.order_id;
  advanceClock(1000);
  await runSchedule('sweep-timers');
  await deliverEvents();
  const person = await again(customer);
  expect((await shown(person, payment)).status).toBe('cancelled');
  await act('razorpay', reference, 'succeed');
  await tell('razorpay', 'handie', reference);
  await deliverEvents();
  expect(await shown(person, payment)).toMatchObject({
    status: 'cancelled',
    refunds: [{ method: 'gateway', amount: 1150, reason: 'paid_too_late' }],
  });
  expect(await breaches()).toEqual([]);
});

test('a webhook that is forged is refused, one of another gateway’s is not found, and one that comes twice counts once', async () => {
  const payment = await initiated(driver, await unpaid(), CARD);
  const [event] = await eventsOf('stripe', await intentOf(payment));
  if (!event) throw new Error('Stripe told nothing.');
  const send = (marketplace: string, gateway: string, raw: string, headers: Record<string, string>) =>
    anonymous(marketplace).post(`/api/v1/webhooks/${gateway}`, undefined, { raw, headers });
  const { body, headers } = event;
  expect((await send('driveway', 'stripe', body.replace('1150', '1'), headers)).body).toMatchObject({
    code: 'signature_invalid',
  });
  expect((await send('driveway', 'stripe', body, {})).status).toBe(401);
  expect((await send('driveway', 'stripe', 'no event', headers)).status).toBe(401);
  expect((await send('handie', 'stripe', body, headers)).status).toBe(404);
  expect((await send('driveway', 'cash', body, headers)).status).toBe(404);
  const answers = await Promise.all([1, 2, 3].map(() => send('driveway', 'stripe', body, headers)));
  expect(answers.map(answer => answer.body)).toEqual([1, 2, 3].map(() => ({ received: true })));
  await deliverEvents();
  const kept = await asOwner(
    sql`select applied_at is not null as applied from money.webhook_events where event_id = ${event.id}::text`,
  );
  expect(kept).toEqual([{ applied: true }]);
});

test('where the preferred gateway does not answer, the next one is asked', async () => {
  const { customer, booking } = await inRupees();
  await orderFault('razorpay', { path: '/v1/orders', status: 503, body: {} });
  const first = await initiated(customer, booking);
  expect(first).toMatchObject({ status: 'pending', gateway: 'razorpay', client: null });
  const wish = { booking_id: booking.id, gateways: ['razorpay', 'paytm'], capture: 'now', options: {} };
  const [row] = await actAs(customer, sql`select money.open_payment(${wish}::jsonb) as opened`);
  expect(row.opened.charge).toMatchObject({ gateway: 'paytm', amount: 1150 });
  expect(await attemptsOf(first)).toMatchObject([
    { gateway: 'razorpay', is_current: false },
    { gateway: 'paytm', is_current: true },
  ]);
});

test('what an earlier try brings in goes back', async () => {
  const { customer, booking } = await inRupees();
  const first = await initiated(customer, booking);
  const second = await initiated(customer, booking, { method: 'upi' });
  expect(second.client.order_id).not.toBe(first.client.order_id);
  await act('razorpay', first.client.order_id, 'succeed');
  await act('razorpay', second.client.order_id, 'succeed');
  for (const { client } of [first, second]) await tell('razorpay', 'handie', client.order_id);
  await deliverEvents();
  expect(await shown(customer, first)).toMatchObject({
    status: 'succeeded',
    captured_amount: 1150,
    refunded_amount: 0,
    refunds: [{ amount: 1150, reason: 'paid_too_late' }],
  });
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
