import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  GatewayRejected,
  GatewayUnavailable,
  SignatureError,
} from '../../../lambdas/money/gateways/gateway.ts';
import { razorpay } from '../../../lambdas/money/gateways/razorpay.ts';
import {
  act,
  chargeOf,
  deliverAgain,
  eventsOf,
  forgetKeys,
  orderFault,
  sendWebhooksTo,
  startListener,
} from './providers.ts';

const gateway = razorpay('homigo');
const ORDERS = '/v1/orders';
const rupees = (charge: Parameters<typeof chargeOf>[0] = {}) =>
  chargeOf({ currency: 'INR', amount: 49_900, ...charge });

test('a person pays the order in the checkout, and what the checkout says is checked', async () => {
  const charge = rupees();
  const made = await gateway.create(charge);
  expect(made).toMatchObject({ status: 'requires_action', amount_captured: 0 });
  expect(made.client).toEqual({
    order_id: made.reference,
    key_id: expect.stringMatching(/^rzp_test_/),
    amount: 49_900,
    currency: 'INR',
  });
  const said = await act('razorpay', made.reference, 'succeed');
  expect(await gateway.confirm?.(said)).toEqual({ key: null, reference: made.reference });
  expect(await gateway.read(made.reference)).toMatchObject({
    status: 'captured',
    amount_captured: 49_900,
    fee: Math.round(49_900 * 0.02 * 1.18),
  });
  const other = (await gateway.create(rupees())).reference;
  const forgeries: Record<string, string>[] = [
    { razorpay_order_id: other },
    { razorpay_signature: '00' },
    { razorpay_payment_id: '' },
  ];
  for (const changed of forgeries)
    await expect(gateway.confirm?.({ ...said, ...changed })).rejects.toThrow(SignatureError);
  await expect(gateway.confirm?.({})).rejects.toThrow(SignatureError);
});

test('money is reserved and captured whole; a part is refused', async () => {
  const { reference } = await gateway.create(rupees({ capture: 'later' }));
  await act('razorpay', reference, 'succeed');
  expect(await gateway.read(reference)).toMatchObject({
    status: 'authorized',
    amount_captured: 0,
    fee: null,
  });
  await expect(gateway.capture(reference, 100, 'part')).rejects.toThrow(GatewayRejected);
  const captured = await gateway.capture(reference, 49_900, 'whole');
  expect(captured).toMatchObject({ status: 'captured', amount_captured: 49_900 });
  expect(await gateway.capture(reference, 49_900, 'again')).toEqual(captured);
  expect(await gateway.cancel(reference, 'too-late')).toEqual(captured);
});

test('what is cancelled while it is reserved, Razorpay gives back at its deadline', async () => {
  const { reference } = await gateway.create(rupees({ capture: 'later' }));
  await act('razorpay', reference, 'succeed');
  expect(await gateway.cancel(reference, 'cancel')).toMatchObject({
    status: 'cancelled',
    amount_captured: 0,
  });
  await act('razorpay', reference, 'lapse');
  expect(await gateway.read(reference)).toMatchObject({ status: 'cancelled', amount_captured: 0 });
});

test('a decline leaves the order to be paid by another try', async () => {
  const { reference } = await gateway.create(rupees());
  await act('razorpay', reference, 'decline', { code: 'insufficient_funds' });
  expect(await gateway.read(reference)).toMatchObject({
    status: 'failed',
    amount_captured: 0,
    failure: { code: 'insufficient_funds', message: 'Your payment was declined by the bank.' },
  });
  await act('razorpay', reference, 'succeed');
  expect(await gateway.read(reference)).toMatchObject({ status: 'captured', failure: null });
});

test('an order whose answer was lost is found by its receipt, and a receipt serves one amount', async () => {
  const charge = rupees();
  await orderFault('razorpay', { path: ORDERS, how: 'cut', after: true });
  await expect(gateway.create(charge)).rejects.toMatchObject({ name: 'GatewayUnavailable', code: 'network' });
  const found = await gateway.find?.(charge.key);
  expect((await gateway.create(charge)).reference).toBe(found?.reference);
  await expect(gateway.create({ ...charge, amount: 100 })).rejects.toMatchObject({ code: 'key_reused' });
  expect(await gateway.find?.('nobody')).toBeNull();
});

test('no answer, 5xx, a limit and refused credentials leave the outcome open', async () => {
  await orderFault('razorpay', { path: ORDERS, how: 'hang' });
  await expect(razorpay('homigo', 150).create(rupees())).rejects.toMatchObject({ code: 'timeout' });
  for (const [status, code] of [
    [500, 'http_500'],
    [502, 'http_502'],
    [429, 'http_429'],
    [401, 'credentials'],
  ] as const) {
    const error = { code: 'SERVER_ERROR', description: 'We are facing some trouble.' };
    await orderFault('razorpay', { path: ORDERS, status, body: { error } });
    await expect(gateway.create(rupees())).rejects.toMatchObject({ name: 'GatewayUnavailable', code });
  }
  await orderFault('razorpay', { path: ORDERS, status: 200, body: 'maintenance' });
  await expect(gateway.create(rupees())).rejects.toMatchObject({ code: 'unreadable_answer' });
});

test('what Razorpay does not take or know is rejected', async () => {
  await expect(gateway.create(rupees({ amount: 99 }))).rejects.toMatchObject({
    code: 'input_validation_failed',
  });
  await expect(gateway.read('order_none')).rejects.toThrow(GatewayRejected);
});

test('refunds in parts, each once under its key, also when the answer was lost', async () => {
  const { reference } = await gateway.create(rupees());
  await expect(gateway.refund(reference, 100, 'too-early-1')).rejects.toMatchObject({ code: 'not_captured' });
  const { razorpay_payment_id } = await act('razorpay', reference, 'succeed');
  const key = `refund-${reference}`;
  await orderFault('razorpay', {
    path: `/v1/payments/${razorpay_payment_id}/refund`,
    how: 'cut',
    after: true,
  });
  await expect(gateway.refund(reference, 9900, key)).rejects.toThrow(GatewayUnavailable);
  const refund = await gateway.refund(reference, 9900, key);
  expect(refund).toMatchObject({ status: 'succeeded', failure: null });
  await forgetKeys('razorpay');
  expect(await gateway.refund(reference, 9900, key)).toEqual(refund);
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 9900 });
  await expect(gateway.refund(reference, 40_001, `${key}-more`)).rejects.toThrow(GatewayRejected);
  await act('razorpay', refund.reference, 'fail');
  expect(await gateway.readRefund(refund.reference)).toMatchObject({ status: 'failed' });
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 0 });
});

test.each([
  ['JPY', 1050],
  ['KWD', 1050],
])('an amount of %s goes in its own minor unit', async (currency, amount) => {
  const { reference } = await gateway.create(chargeOf({ currency, amount }));
  await act('razorpay', reference, 'succeed');
  expect(await gateway.read(reference)).toMatchObject({ amount_captured: amount });
  expect((await gateway.read(reference)).client).toMatchObject({ amount, currency });
});

test('of three decimals the last must be zero', async () => {
  const refused = gateway.create(chargeOf({ currency: 'KWD', amount: 1051 }));
  await expect(refused).rejects.toMatchObject({ name: 'GatewayRejected', code: 'invalid_amount' });
});

test('webhooks are delivered signed, and repeated under one id', async () => {
  const listener = await startListener();
  await sendWebhooksTo('razorpay', `${listener.url}/{marketplace}`);
  const charge = rupees({ capture: 'later' });
  const { reference } = await gateway.create(charge);
  await act('razorpay', reference, 'succeed');
  const came = await listener.next();
  expect(came.marketplace).toBe('/homigo');
  const told = await gateway.webhook(came.body, came.headers);
  expect(told).toMatchObject({
    kind: 'payment.authorized',
    reference,
    key: charge.key,
    refund_reference: null,
  });
  await deliverAgain('razorpay', told.event_id);
  const again = await listener.next();
  expect(await gateway.webhook(again.body, again.headers)).toEqual(told);
  await sendWebhooksTo('razorpay', null);
  await listener.close();
});

test('a webhook of a refund names the refund and the order', async () => {
  const { reference } = await gateway.create(rupees());
  await act('razorpay', reference, 'succeed');
  const key = `refund-of-${reference}`;
  const refund = await gateway.refund(reference, 100, key);
  const [event] = await eventsOf('razorpay', refund.reference);
  expect(await gateway.webhook(event?.body ?? '', event?.headers ?? {})).toMatchObject({
    kind: 'refund.processed',
    reference,
    refund_reference: refund.reference,
    key,
  });
});

test('a webhook that is forged, changed or unsigned is refused', async () => {
  const { reference } = await gateway.create(rupees());
  await act('razorpay', reference, 'succeed');
  const [event] = await eventsOf('razorpay', reference);
  const { body = '', headers = {} } = event ?? {};
  await expect(gateway.webhook(body.replace('49900', '10'), headers)).rejects.toThrow(SignatureError);
  await expect(gateway.webhook(body, {})).rejects.toThrow(SignatureError);
  const forged = createHmac('sha256', 'another').update(body).digest('hex');
  await expect(gateway.webhook(body, { ...headers, 'x-razorpay-signature': forged })).rejects.toThrow(
    SignatureError,
  );
});
