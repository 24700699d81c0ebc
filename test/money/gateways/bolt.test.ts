import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { bolt } from '../../../lambdas/money/gateways/bolt.ts';
import {
  GatewayRejected,
  GatewayUnavailable,
  SignatureError,
} from '../../../lambdas/money/gateways/gateway.ts';
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

const gateway = bolt('recovery');
const ORDERS = '/v1/merchant/orders';
const AUTHORIZE = '/v1/merchant/transactions/authorize';
const dollars = (charge: Parameters<typeof chargeOf>[0] = {}) =>
  chargeOf({ amount: 40_000, description: 'Cold plunge · 4 sessions', ...charge });
const saved = { payment_method: 'card_saved' };

test('a person pays in Bolt’s checkout, and the callback brings the reference of the payment', async () => {
  const charge = dollars();
  const made = await gateway.create(charge);
  expect(made).toMatchObject({ reference: charge.key, status: 'requires_action', amount_captured: 0 });
  expect(made.client).toEqual({
    order_token: expect.stringMatching(/^\w{64}$/),
    publishable_key: expect.stringContaining('.'),
  });
  expect(await gateway.read(charge.key)).toMatchObject({ status: 'requires_action' });
  const said = await act('bolt', charge.key, 'succeed');
  const confirmed = await gateway.confirm?.(said);
  expect(confirmed).toEqual({ key: charge.key, reference: said.transaction_reference });
  expect(await gateway.read(said.transaction_reference)).toMatchObject({
    status: 'captured',
    amount_captured: 40_000,
    amount_refunded: 0,
  });
  await expect(gateway.confirm?.({ transaction_reference: 'AAAA-BBBB-CCCC' })).rejects.toThrow(
    GatewayRejected,
  );
  await expect(gateway.confirm?.({ transaction_reference: '../orders' })).rejects.toThrow(SignatureError);
});

test('an order that nobody paid can be given up', async () => {
  const { reference } = await gateway.create(dollars());
  expect(await gateway.cancel(reference, 'cancel')).toMatchObject({ status: 'cancelled' });
});

test('a saved card is charged, or only reserved and captured in part', async () => {
  expect(await gateway.create(dollars(saved))).toMatchObject({ status: 'captured', amount_captured: 40_000 });
  const held = await gateway.create(dollars({ capture: 'later', ...saved }));
  expect(held).toMatchObject({ status: 'authorized', amount_captured: 0 });
  await expect(gateway.capture(held.reference, 40_001, 'more')).rejects.toThrow(GatewayRejected);
  const captured = await gateway.capture(held.reference, 25_000, 'part');
  expect(captured).toMatchObject({ status: 'captured', amount_captured: 25_000 });
  expect(await gateway.capture(held.reference, 25_000, 'again')).toEqual(captured);
  expect(await gateway.cancel(held.reference, 'too-late')).toEqual(captured);
});

test('what is reserved is given back, once or twice', async () => {
  const { reference } = await gateway.create(dollars({ capture: 'later', ...saved }));
  expect(await gateway.cancel(reference, 'cancel')).toMatchObject({ status: 'cancelled' });
  expect(await gateway.cancel(reference, 'again')).toMatchObject({ status: 'cancelled' });
});

test('a decline says why and which payment it was', async () => {
  const declined = gateway.create(dollars({ payment_method: 'card_expired' }));
  await expect(declined).rejects.toMatchObject({ name: 'GatewayDeclined', code: 'expired' });
  const { reference } = await declined.catch(error => error);
  expect(await gateway.read(reference)).toMatchObject({ status: 'failed', failure: { code: 'expired' } });
  const { reference: order } = await gateway.create(dollars());
  const { transaction_reference } = await act('bolt', order, 'decline', { code: 'risk' });
  expect(await gateway.read(transaction_reference)).toMatchObject({
    status: 'failed',
    failure: { code: 'risk' },
  });
});

test('a charge whose answer was lost is found under its key, which serves one amount', async () => {
  const charge = dollars(saved);
  await orderFault('bolt', { path: AUTHORIZE, how: 'cut', after: true });
  await expect(gateway.create(charge)).rejects.toMatchObject({ name: 'GatewayUnavailable', code: 'network' });
  const found = await gateway.create(charge);
  expect(found).toMatchObject({ status: 'captured' });
  expect(await eventsOf('bolt', charge.key)).toHaveLength(1);
  await expect(gateway.create({ ...charge, amount: 1 })).rejects.toThrow(GatewayRejected);
});

test('no answer, 5xx, the same key at work, a limit and refused credentials leave the outcome open', async () => {
  await orderFault('bolt', { path: ORDERS, how: 'hang' });
  await expect(bolt('recovery', 150).create(dollars())).rejects.toMatchObject({ code: 'timeout' });
  for (const [status, code] of [
    [500, 'http_500'],
    [409, 'http_409'],
    [429, 'http_429'],
    [401, 'credentials'],
  ] as const) {
    await orderFault('bolt', { path: ORDERS, status, body: { errors: [{ code: 1, message: 'No.' }] } });
    await expect(gateway.create(dollars())).rejects.toMatchObject({ name: 'GatewayUnavailable', code });
  }
});

test('a refund is made once under its key, also when its answer was lost, and no more than there is', async () => {
  const { reference } = await gateway.create(dollars(saved));
  const key = `refund-${reference}`;
  await orderFault('bolt', { path: '/v1/merchant/transactions/credit', how: 'cut', after: true });
  await expect(gateway.refund(reference, 15_000, key)).rejects.toThrow(GatewayUnavailable);
  const refund = await gateway.refund(reference, 15_000, key);
  expect(refund).toMatchObject({ status: 'succeeded', failure: null });
  await forgetKeys('bolt');
  expect(await gateway.refund(reference, 15_000, key)).toEqual(refund);
  expect(await gateway.readRefund(refund.reference)).toEqual(refund);
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 15_000 });
  await expect(gateway.refund(reference, 25_001, `${key}-more`)).rejects.toThrow(GatewayRejected);
});

test('amounts of other currencies go in their own minor unit', async () => {
  for (const [currency, amount] of [
    ['JPY', 1050],
    ['KWD', 1050],
  ] as const)
    expect(await gateway.create(dollars({ currency, amount, ...saved }))).toMatchObject({
      amount_captured: amount,
    });
});

test('webhooks of payments and of refunds are delivered signed, and repeated under one id', async () => {
  const listener = await startListener();
  await sendWebhooksTo('bolt', `${listener.url}/{marketplace}`);
  const charge = dollars();
  await gateway.create(charge);
  const { transaction_reference: reference } = await act('bolt', charge.key, 'succeed');
  const came = await listener.next();
  expect(came.marketplace).toBe('/recovery');
  const told = await gateway.webhook(came.body, came.headers);
  expect(told).toMatchObject({ kind: 'payment', reference, key: charge.key, refund_reference: null });
  const [event] = await eventsOf('bolt', reference);
  await deliverAgain('bolt', event?.id ?? '');
  const again = await listener.next();
  expect(await gateway.webhook(again.body, again.headers)).toEqual(told);
  const refund = await gateway.refund(reference, 100, `refund-${reference}`);
  const refunded = await listener.next();
  expect(await gateway.webhook(refunded.body, refunded.headers)).toMatchObject({
    kind: 'credit',
    reference,
    refund_reference: refund.reference,
    key: charge.key,
  });
  await sendWebhooksTo('bolt', null);
  await listener.close();
});

test('a webhook that is forged, changed or unsigned is refused', async () => {
  const { reference } = await gateway.create(dollars(saved));
  const [event] = await eventsOf('bolt', reference);
  const { body = '', headers = {} } = event ?? {};
  await expect(gateway.webhook(body.replace('40000', '1'), headers)).rejects.toThrow(SignatureError);
  await expect(gateway.webhook(body, {})).rejects.toThrow(SignatureError);
  const forged = createHmac('sha256', 'another').update(body).digest('base64');
  await expect(gateway.webhook(body, { 'x-bolt-hmac-sha256': forged })).rejects.toThrow(SignatureError);
});
