import { expect, test } from 'vitest';
import {
  GatewayRejected,
  GatewayUnavailable,
  SignatureError,
} from '../../../lambdas/money/gateways/gateway.ts';
import { paytm } from '../../../lambdas/money/gateways/paytm.ts';
import { isSigned, sign } from '../../../lambdas/money/gateways/paytm-checksum.ts';
import {
  act,
  chargeOf,
  deliverAgain,
  eventsOf,
  orderFault,
  sendWebhooksTo,
  startListener,
} from './providers.ts';

const gateway = paytm('homigo');
const INITIATE = '/theia/api/v1/initiateTransaction';
const rupees = (charge: Parameters<typeof chargeOf>[0] = {}) =>
  chargeOf({ currency: 'INR', amount: 49_905, return_url: 'https://app.example/paid', ...charge });

test('a person pays the order, and the form that Paytm sends them back with is checked', async () => {
  const charge = rupees({ method: 'upi', customer: { reference: 'person-1' } });
  const made = await gateway.create(charge);
  expect(made).toMatchObject({ reference: charge.key, status: 'requires_action' });
  expect(made.client).toEqual({
    order_id: charge.key,
    merchant_id: expect.stringMatching(/^LOCAL/),
    txn_token: expect.stringMatching(/^\w{32}$/),
    amount: '499.05',
  });
  expect(await gateway.read(charge.key)).toMatchObject({ status: 'requires_action' });
  const form = await act('paytm', charge.key, 'succeed');
  expect(await gateway.confirm?.(form)).toEqual({ key: charge.key, reference: charge.key });
  expect(await gateway.read(charge.key)).toMatchObject({
    status: 'captured',
    amount_captured: 49_905,
    fee: null,
  });
  expect(await gateway.capture(charge.key, 49_905, 'x')).toMatchObject({ status: 'captured' });
  expect(await gateway.cancel(charge.key, 'x')).toMatchObject({ status: 'captured' });
  const forgeries: Record<string, string>[] = [
    { TXNAMOUNT: '1.00' },
    { STATUS: 'TXN_FAILURE' },
    { CHECKSUMHASH: 'AAAA' },
    { CHECKSUMHASH: '' },
  ];
  for (const changed of forgeries)
    await expect(gateway.confirm?.({ ...form, ...changed })).rejects.toThrow(SignatureError);
});

test('a repeated key finds the same order, also when its answer was lost, and serves one amount', async () => {
  const charge = rupees();
  await orderFault('paytm', { path: INITIATE, how: 'cut', after: true });
  await expect(gateway.create(charge)).rejects.toThrow(GatewayUnavailable);
  const made = await gateway.create(charge);
  expect(await gateway.create(charge)).toEqual(made);
  await expect(gateway.create({ ...charge, amount: 1 })).rejects.toMatchObject({
    name: 'GatewayRejected',
    code: '325',
  });
});

test('an order that nobody paid is given up, and one that is paid or waits is not', async () => {
  const { reference } = await gateway.create(rupees());
  expect(await gateway.cancel(reference, 'x')).toMatchObject({ status: 'cancelled' });
  await act('paytm', reference, 'pend');
  expect(await gateway.cancel(reference, 'x')).toMatchObject({ status: 'processing' });
});

test('a decline, a payment that waits, and an order that nobody made', async () => {
  const { reference } = await gateway.create(rupees());
  await act('paytm', reference, 'decline', { code: '235' });
  expect(await gateway.read(reference)).toMatchObject({
    status: 'failed',
    amount_captured: 0,
    failure: { code: '235', message: expect.stringContaining('Insufficient') },
  });
  await act('paytm', reference, 'pend');
  expect(await gateway.read(reference)).toMatchObject({ status: 'processing', failure: null });
  await act('paytm', reference, 'succeed');
  expect(await gateway.read(reference)).toMatchObject({ status: 'captured' });
  expect(await gateway.find?.('nobody-made-it')).toMatchObject({
    status: 'requires_action',
    amount_captured: 0,
  });
});

test('what Paytm cannot do is refused before it is asked', async () => {
  await expect(gateway.create(rupees({ currency: 'KWD' }))).rejects.toMatchObject({
    code: 'currency_unsupported',
  });
  await expect(gateway.create(rupees({ currency: 'JPY' }))).rejects.toMatchObject({
    code: 'currency_unsupported',
  });
  await expect(gateway.create(rupees({ payment_method: 'x' }))).rejects.toMatchObject({
    code: 'payment_method_unsupported',
  });
  await expect(gateway.create(rupees({ capture: 'later' }))).rejects.toMatchObject({
    code: 'capture_later_unsupported',
  });
});

test('no answer, 5xx and an outcome that Paytm itself does not know leave it open', async () => {
  await orderFault('paytm', { path: INITIATE, how: 'hang' });
  await expect(paytm('homigo', 150).create(rupees())).rejects.toMatchObject({ code: 'timeout' });
  await orderFault('paytm', { path: INITIATE, status: 502, body: 'Bad Gateway' });
  await expect(gateway.create(rupees())).rejects.toMatchObject({
    name: 'GatewayUnavailable',
    code: 'http_502',
  });
  const resultInfo = { resultStatus: 'U', resultCode: '00000900', resultMsg: 'System error' };
  await orderFault('paytm', { path: INITIATE, status: 200, body: { head: {}, body: { resultInfo } } });
  await expect(gateway.create(rupees())).rejects.toMatchObject({
    name: 'GatewayUnavailable',
    code: '00000900',
  });
  await orderFault('paytm', { path: INITIATE, status: 200, body: '<html>' });
  await expect(gateway.create(rupees())).rejects.toMatchObject({ code: 'unreadable_answer' });
});

test('a refund is made once under its key, also when its answer was lost, and is processed later', async () => {
  const { reference } = await gateway.create(rupees());
  await expect(gateway.refund(reference, 100, 'early')).rejects.toMatchObject({ code: 'not_captured' });
  await act('paytm', reference, 'succeed');
  await orderFault('paytm', { path: '/refund/apply', how: 'cut', after: true });
  await expect(gateway.refund(reference, 9905, 'part')).rejects.toThrow(GatewayUnavailable);
  const refund = await gateway.refund(reference, 9905, 'part');
  expect(refund).toEqual({ reference: `${reference}/part`, status: 'pending', failure: null });
  await act('paytm', refund.reference, 'succeed');
  expect(await gateway.readRefund(refund.reference)).toMatchObject({ status: 'succeeded' });
  expect(await gateway.read(reference)).toMatchObject({ amount_captured: 49_905, amount_refunded: 9905 });
  await expect(gateway.refund(reference, 40_001, 'more')).rejects.toMatchObject({ code: '619' });
  const rest = await gateway.refund(reference, 40_000, 'rest');
  await act('paytm', rest.reference, 'fail');
  expect(await gateway.readRefund(rest.reference)).toMatchObject({
    status: 'failed',
    failure: { code: '600' },
  });
  await expect(gateway.readRefund(`${reference}/none`)).rejects.toThrow(GatewayRejected);
});

test('webhooks of payments and of refunds are delivered with their checksum, and repeated under one id', async () => {
  const listener = await startListener();
  await sendWebhooksTo('paytm', `${listener.url}/{marketplace}`);
  const { reference } = await gateway.create(rupees());
  await act('paytm', reference, 'succeed');
  const came = await listener.next();
  expect(came.marketplace).toBe('/homigo');
  const told = await gateway.webhook(came.body, came.headers);
  expect(told).toMatchObject({ kind: 'TXN_SUCCESS', reference, key: reference, refund_reference: null });
  const [event] = await eventsOf('paytm', reference);
  await deliverAgain('paytm', event?.id ?? '');
  const again = await listener.next();
  expect(await gateway.webhook(again.body, again.headers)).toEqual(told);
  const refund = await gateway.refund(reference, 100, 'told');
  await act('paytm', refund.reference, 'succeed');
  const refunded = await listener.next();
  expect(await gateway.webhook(refunded.body, refunded.headers)).toMatchObject({
    kind: 'REFUND_TXN_SUCCESS',
    reference,
    refund_reference: refund.reference,
    key: 'told',
  });
  for (const forged of [
    came.body.replace('499.05', '1.00'),
    refunded.body.replace('1.00', '2.00'),
    refunded.body.replace(/"signature":"[^"]+"/, '"signature":"AAAA"'),
    'ORDERID=1&STATUS=TXN_SUCCESS',
    '{"body":{}}',
    '{',
    '',
  ])
    await expect(gateway.webhook(forged, {})).rejects.toThrow(SignatureError);
  await sendWebhooksTo('paytm', null);
  await listener.close();
});

test('the checksum is Paytm’s: what another key made, or of another text, is none', () => {
  const key = 'kbzk1DSbJiV_O3p5';
  const checksum = sign('text', key);
  expect(checksum).toHaveLength(108);
  expect(isSigned('text', checksum, key)).toBe(true);
  expect(isSigned('other', checksum, key)).toBe(false);
  expect(isSigned('text', checksum, 'another-key-1234')).toBe(false);
});
