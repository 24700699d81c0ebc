import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  GatewayRejected,
  GatewayUnavailable,
  SignatureError,
} from '../../../lambdas/money/gateways/gateway.ts';
import { paymongo } from '../../../lambdas/money/gateways/paymongo.ts';
import { advanceClock } from '../../support/clock.ts';
import {
  act,
  chargeOf,
  deliverAgain,
  eventsOf,
  orderFault,
  sendWebhooksTo,
  startListener,
} from './providers.ts';

const gateway = paymongo('spacall');
const INTENTS = '/v1/payment_intents';
const pesos = (charge: Parameters<typeof chargeOf>[0] = {}) =>
  chargeOf({ currency: 'PHP', amount: 90_000, ...charge });

/** A payment whose person has paid, or has been refused, by card. */
async function paid(charge: Parameters<typeof chargeOf>[0] = {}, outcome = 'succeed', code?: string) {
  const { reference } = await gateway.create(pesos(charge));
  await act('paymongo', reference, outcome, { code });
  return gateway.read(reference);
}

test('a person pays by card with what the app was given', async () => {
  const made = await gateway.create(pesos());
  expect(made).toMatchObject({ status: 'requires_action', amount_captured: 0 });
  expect(made.client).toEqual({
    payment_intent_id: made.reference,
    client_key: expect.stringContaining(made.reference),
    public_key: expect.stringMatching(/^pk_test_/),
    redirect_url: null,
  });
  // What the app does: it attaches the card with the intent's own key.
  const { client_key, public_key } = made.client;
  const attached = await fetch(`${process.env.PAYMONGO_API_URL}${INTENTS}/${made.reference}/attach`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${public_key}:`)}` },
    body: JSON.stringify({ data: { attributes: { client_key, payment_method: 'pm_of_the_app' } } }),
  });
  expect(attached.status).toBe(200);
  expect(await gateway.read(made.reference)).toMatchObject({
    status: 'captured',
    amount_captured: 90_000,
    fee: Math.round(90_000 * 0.035) + 1500,
  });
});

test.each([
  ['gcash', 'gcash'],
  ['maya', 'paymaya'],
])('%s leads to the page of the wallet, where the person pays', async (method, theirs) => {
  const made = await gateway.create(pesos({ method, return_url: 'https://app.example/paid' }));
  expect(made).toMatchObject({ status: 'requires_action', amount_captured: 0 });
  expect(made.client.redirect_url).toMatch(/^https:\/\/test-sources\.paymongo\.com\//);
  await act('paymongo', made.reference, 'succeed');
  expect(await gateway.read(made.reference)).toMatchObject({ status: 'captured', amount_captured: 90_000 });
  const refused = gateway.create(pesos({ method, capture: 'later' }));
  await expect(refused).rejects.toMatchObject({ code: 'capture_later_unsupported' });
  await expect(refused).rejects.toThrow(theirs);
});

test('money on a card is reserved, captured in part, and what is captured stays so', async () => {
  const held = await paid({ capture: 'later' });
  expect(held).toMatchObject({ status: 'authorized', amount_captured: 0, fee: null });
  await expect(gateway.capture(held.reference, 90_001, 'more')).rejects.toMatchObject({
    code: 'allowed_amount_exceeded',
  });
  const captured = await gateway.capture(held.reference, 60_000, 'part');
  expect(captured).toMatchObject({ status: 'captured', amount_captured: 60_000 });
  expect(await gateway.capture(held.reference, 60_000, 'again')).toEqual(captured);
  expect(await gateway.cancel(held.reference, 'too-late')).toEqual(captured);
});

test('what is reserved is given back, once or twice', async () => {
  const { reference } = await paid({ capture: 'later' });
  expect(await gateway.cancel(reference, 'cancel')).toMatchObject({ status: 'cancelled' });
  expect(await gateway.cancel(reference, 'again')).toMatchObject({ status: 'cancelled' });
});

test('a decline says why, but not that a card is known as stolen', async () => {
  const refused = await paid({}, 'decline', 'insufficient_funds');
  expect(refused).toMatchObject({ status: 'failed', amount_captured: 0 });
  expect(refused.failure).toEqual({
    code: 'insufficient_funds',
    message: 'The payment failed: insufficient_funds.',
  });
  expect((await paid({}, 'decline', 'stolen_card')).failure).toEqual({
    code: 'generic_decline',
    message: 'The payment was declined.',
  });
  // The person takes another card, and the same payment succeeds.
  await act('paymongo', refused.reference, 'succeed');
  expect(await gateway.read(refused.reference)).toMatchObject({ status: 'captured', failure: null });
});

test('a decline that PayMongo answers with is told, and hides the same', async () => {
  const errors = (sub_code: string) => ({
    errors: [{ code: 'resource_failed_state', sub_code, detail: `Because of ${sub_code}.` }],
  });
  for (const [told, code] of [
    ['insufficient_funds', 'insufficient_funds'],
    ['stolen_card', 'generic_decline'],
  ] as const) {
    await orderFault('paymongo', { path: `${INTENTS}/*/attach`, status: 400, body: errors(told) });
    const declined = gateway.create(pesos({ method: 'gcash' }));
    await expect(declined).rejects.toMatchObject({ name: 'GatewayDeclined', code });
  }
});

test('a saved card is not charged: nothing at PayMongo would keep it from being charged twice', async () => {
  const refused = gateway.create(pesos({ payment_method: 'pm_saved' }));
  await expect(refused).rejects.toMatchObject({ code: 'payment_method_unsupported' });
});

test('an intent whose answer was lost charges nobody, and one that was charged can be read', async () => {
  await orderFault('paymongo', { path: INTENTS, how: 'cut', after: true });
  await expect(gateway.create(pesos())).rejects.toMatchObject({
    name: 'GatewayUnavailable',
    reference: null,
  });
  const made = await paid({ capture: 'later' });
  await orderFault('paymongo', { path: `${INTENTS}/${made.reference}/capture`, how: 'cut', after: true });
  await expect(gateway.capture(made.reference, 90_000, 'lost')).rejects.toThrow(GatewayUnavailable);
  expect(await gateway.read(made.reference)).toMatchObject({ status: 'captured' });
  expect(await gateway.capture(made.reference, 90_000, 'lost')).toMatchObject({ amount_captured: 90_000 });
});

test('a wallet whose attaching got no answer tells which payment to read', async () => {
  await orderFault('paymongo', { path: `${INTENTS}/*/attach`, how: 'cut', after: true });
  const lost = gateway.create(pesos({ method: 'gcash' }));
  await expect(lost).rejects.toMatchObject({ name: 'GatewayUnavailable', code: 'network' });
  const { reference } = await lost.catch(error => error);
  expect((await gateway.read(reference)).client.redirect_url).toMatch(/^https:/);
});

test('no answer, 5xx, a limit and refused credentials leave the outcome open', async () => {
  await orderFault('paymongo', { path: INTENTS, how: 'hang' });
  await expect(paymongo('spacall', 150).create(pesos())).rejects.toMatchObject({ code: 'timeout' });
  for (const [status, code] of [
    [500, 'http_500'],
    [429, 'http_429'],
    [401, 'credentials'],
  ] as const) {
    await orderFault('paymongo', { path: INTENTS, status, body: { errors: [{ code: 'x', detail: 'y' }] } });
    await expect(gateway.create(pesos())).rejects.toMatchObject({ name: 'GatewayUnavailable', code });
  }
});

test('what PayMongo does not take or know is rejected', async () => {
  await expect(gateway.create(pesos({ amount: 1999 }))).rejects.toMatchObject({
    code: 'parameter_below_minimum',
  });
  await expect(gateway.create(pesos({ currency: 'JPY' }))).rejects.toMatchObject({
    code: 'parameter_invalid',
  });
  await expect(gateway.read('pi_none')).rejects.toMatchObject({ code: 'resource_not_found' });
});

test('a refund is made once under its key, also when its answer was lost, and no more than there is', async () => {
  const { reference } = await paid();
  await orderFault('paymongo', { path: '/v1/refunds', how: 'cut', after: true });
  await expect(gateway.refund(reference, 30_000, 'part')).rejects.toThrow(GatewayUnavailable);
  const refund = await gateway.refund(reference, 30_000, 'part');
  expect(refund).toMatchObject({ status: 'pending' });
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 30_000 });
  await expect(gateway.refund(reference, 60_001, 'more')).rejects.toMatchObject({
    code: 'parameter_above_maximum',
  });
  await act('paymongo', refund.reference, 'succeed');
  expect(await gateway.readRefund(refund.reference)).toMatchObject({ status: 'succeeded', failure: null });
  const rest = await gateway.refund(reference, 60_000, 'rest');
  await act('paymongo', rest.reference, 'fail');
  expect(await gateway.readRefund(rest.reference)).toMatchObject({ status: 'failed' });
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 30_000 });
  const unpaid = await gateway.create(pesos());
  await expect(gateway.refund(unpaid.reference, 1, 'none')).rejects.toThrow(GatewayRejected);
});

test('webhooks are delivered signed, and repeated under one id', async () => {
  const listener = await startListener();
  await sendWebhooksTo('paymongo', `${listener.url}/{marketplace}`);
  const charge = pesos();
  const { reference } = await gateway.create(charge);
  await act('paymongo', reference, 'succeed');
  const came = await listener.next();
  expect(came.marketplace).toBe('/spacall');
  const told = await gateway.webhook(came.body, came.headers);
  expect(told).toMatchObject({ kind: 'payment.paid', reference, key: charge.key, refund_reference: null });
  await deliverAgain('paymongo', told.event_id);
  const again = await listener.next();
  expect(await gateway.webhook(again.body, again.headers)).toEqual(told);
  await sendWebhooksTo('paymongo', null);
  await listener.close();
});

test('a webhook of a refund names the refund and the payment', async () => {
  const { reference } = await paid();
  const refund = await gateway.refund(reference, 100, 'told');
  await act('paymongo', refund.reference, 'succeed');
  const [event] = await eventsOf('paymongo', refund.reference);
  expect(await gateway.webhook(event?.body ?? '', event?.headers ?? {})).toMatchObject({
    kind: 'refund.succeeded',
    reference,
    refund_reference: refund.reference,
    key: 'told',
  });
});

test('a webhook that is forged, changed, unsigned, stale or of the other mode is refused', async () => {
  const { reference } = await paid();
  const [event] = await eventsOf('paymongo', reference);
  const { body = '', headers = {} } = event ?? {};
  const signature = headers['paymongo-signature'] ?? '';
  const refused = (text: string, header: string) =>
    expect(gateway.webhook(text, { 'paymongo-signature': header })).rejects.toThrow(SignatureError);
  await refused(body.replace('90000', '1'), signature);
  await refused(body, '');
  await refused(body, signature.replace('te=', 'te=0'));
  await refused(body, signature.replace(/^t=\d+/, `t=${Math.floor(Date.now() / 1000) + 5}`));
  await refused(body, signature.replace('te=', 'x=').replace('li=', `li=${/te=(\w+)/.exec(signature)?.[1]}`));
  const t = Math.floor(Date.now() / 1000);
  await refused(
    body,
    `t=${t},te=${createHmac('sha256', 'another').update(`${t}.${body}`).digest('hex')},li=`,
  );
  await gateway.webhook(body, headers);
  advanceClock(301);
  await refused(body, signature);
});
