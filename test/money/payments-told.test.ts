import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, placed, stepped } from '../booking/bookings.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, eventsOf, orderFault } from './gateways/providers.ts';
import { attemptsOf, bookingOf, breaches, CARD, initiated, intentOf, postedFor, shown, tell } from './pay.ts';

let driver: Person;
let host: Person;
beforeEach(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
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
  expect(forged).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
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
  const payment = await initiated(driver, await placed(driver, host, { payment_timeout: 900 }), CARD);
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
  const wish = {
    purpose: 'booking',
    subject_id: booking.id,
    gateways: ['razorpay', 'paytm'],
    capture: 'now',
    options: {},
  };
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
