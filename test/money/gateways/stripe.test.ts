import { Stripe } from 'stripe';
import { expect, test } from 'vitest';
import {
  GatewayDeclined,
  GatewayRejected,
  GatewayUnavailable,
  SignatureError,
} from '../../../lambdas/money/gateways/gateway.ts';
import { gatewayOf } from '../../../lambdas/money/gateways/gateways.ts';
import { stripe } from '../../../lambdas/money/gateways/stripe.ts';
import { advanceClock } from '../../support/clock.ts';
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

const PATH = '/v1/payment_intents';
const gateway = stripe('driveway');
const saved = { payment_method: 'pm_card_visa' };

test('a person pays with what the app was given, and the money is captured at once', async () => {
  const charge = chargeOf({ return_url: 'https://app.example/paid' });
  const made = await gateway.create(charge);
  expect(made).toMatchObject({ status: 'requires_action', amount_captured: 0, fee: null, failure: null });
  expect(made.client).toEqual({
    client_secret: expect.stringContaining(`${made.reference}_secret_`),
    publishable_key: expect.stringMatching(/^pk_/),
  });
  await act('stripe', made.reference, 'succeed');
  expect(await gateway.read(made.reference)).toMatchObject({
    status: 'captured',
    amount_captured: 12_345,
    amount_refunded: 0,
    fee: Math.round(12_345 * 0.029) + 30,
  });
});

test('money is reserved now and captured later, a part of it or all', async () => {
  const whole = await gateway.create(chargeOf({ capture: 'later', ...saved }));
  expect(whole).toMatchObject({ status: 'authorized', amount_captured: 0 });
  expect(await gateway.capture(whole.reference, 12_345, 'whole')).toMatchObject({ status: 'captured' });
  const part = await gateway.create(chargeOf({ capture: 'later', ...saved }));
  const captured = await gateway.capture(part.reference, 5000, 'part');
  expect(captured).toMatchObject({ status: 'captured', amount_captured: 5000 });
  // Another capture, under whatever key, finds it captured.
  expect(await gateway.capture(part.reference, 5000, 'another')).toEqual(captured);
});

test('what is reserved is given back, and what is captured stays so', async () => {
  const held = await gateway.create(chargeOf({ capture: 'later', ...saved }));
  expect(await gateway.cancel(held.reference, 'cancel')).toMatchObject({ status: 'cancelled' });
  expect(await gateway.cancel(held.reference, 'cancel-again')).toMatchObject({ status: 'cancelled' });
  const paid = await gateway.create(chargeOf(saved));
  expect(await gateway.cancel(paid.reference, 'too-late')).toMatchObject({ status: 'captured' });
});

test('a repeated key makes one payment, and a changed one is refused', async () => {
  const charge = chargeOf(saved);
  const first = await gateway.create(charge);
  expect(await gateway.create(charge)).toEqual(first);
  const changed = gateway.create({ ...charge, amount: 99_999 });
  await expect(changed).rejects.toThrow(GatewayRejected);
  await expect(changed).rejects.toMatchObject({ code: 'idempotency_error' });
});

test('a decline says why and which payment it was', async () => {
  const declined = gateway.create(chargeOf({ payment_method: 'pm_card_chargeDeclinedInsufficientFunds' }));
  await expect(declined).rejects.toThrow(GatewayDeclined);
  const { code, reference } = await declined.catch(error => error);
  expect(code).toBe('insufficient_funds');
  expect(await gateway.read(reference)).toMatchObject({
    status: 'failed',
    amount_captured: 0,
    failure: { code: 'insufficient_funds', message: 'Your card has insufficient funds.' },
  });
  // The person takes another card, and the same payment succeeds.
  await act('stripe', reference, 'succeed');
  expect(await gateway.read(reference)).toMatchObject({ status: 'captured', failure: null });
});

test('a saved card whose bank wants to see the person is a decline', async () => {
  const declined = gateway.create(chargeOf({ payment_method: 'pm_card_authenticationRequired' }));
  await expect(declined).rejects.toMatchObject({ name: 'GatewayDeclined', code: 'authentication_required' });
});

test('an answer that is lost after the charge is found under the same key', async () => {
  const charge = chargeOf(saved);
  await orderFault('stripe', { path: PATH, how: 'cut', after: true });
  const lost = gateway.create(charge);
  await expect(lost).rejects.toThrow(GatewayUnavailable);
  await expect(lost).rejects.toMatchObject({ code: 'network', reference: null });
  const found = await gateway.create(charge);
  expect(found.status).toBe('captured');
  expect(await gateway.find?.(charge.key)).toEqual(found);
  expect(await eventsOf('stripe', charge.key)).toHaveLength(1);
});

test('an answer that never comes is a time-out, before and after it happened', async () => {
  const impatient = stripe('driveway', 150);
  const charge = chargeOf(saved);
  await orderFault('stripe', { path: PATH, how: 'hang' });
  await expect(impatient.create(charge)).rejects.toMatchObject({
    name: 'GatewayUnavailable',
    code: 'timeout',
  });
  expect(await gateway.find?.(charge.key)).toBeNull();
  await orderFault('stripe', { path: PATH, how: 'hang', after: true });
  await expect(impatient.create(charge)).rejects.toMatchObject({ code: 'timeout' });
  expect(await gateway.find?.(charge.key)).toMatchObject({ status: 'captured' });
});

test('500, 409 and 429 leave the outcome open, and other refusals do not', async () => {
  const charge = chargeOf(saved);
  const refusals: [number, string, string][] = [
    [500, 'GatewayUnavailable', 'http_500'],
    [409, 'GatewayUnavailable', 'http_409'],
    [429, 'GatewayUnavailable', 'http_429'],
    [401, 'GatewayUnavailable', 'credentials'],
    [403, 'GatewayRejected', 'account_invalid'],
    [400, 'GatewayRejected', 'account_invalid'],
  ];
  for (const [status, name, code] of refusals) {
    const error = { type: 'invalid_request_error', code: 'account_invalid', message: 'No.' };
    await orderFault('stripe', { path: PATH, status, body: { error } });
    await expect(gateway.create(charge)).rejects.toMatchObject({ name, code });
  }
  await orderFault('stripe', { path: PATH, status: 200, body: 'not JSON' });
  await expect(gateway.create(charge)).rejects.toThrow(GatewayUnavailable);
  expect(await gateway.create(charge)).toMatchObject({ status: 'captured' });
});

test('a payment that nobody made is not found', async () => {
  await expect(gateway.read('pi_none')).rejects.toMatchObject({
    name: 'GatewayRejected',
    code: 'resource_missing',
  });
});

test('refunds in parts, each once under its key, and no more than there is', async () => {
  const { reference } = await gateway.create(chargeOf(saved));
  const first = await gateway.refund(reference, 2345, 'refund-1');
  expect(first).toMatchObject({ status: 'succeeded', failure: null });
  expect(await gateway.refund(reference, 2345, 'refund-1')).toEqual(first);
  // A day later Stripe has forgotten the key, and its refund has not.
  await forgetKeys('stripe');
  expect(await gateway.refund(reference, 2345, 'refund-1')).toEqual(first);
  expect(await gateway.read(reference)).toMatchObject({ status: 'captured', amount_refunded: 2345 });
  await expect(gateway.refund(reference, 10_001, 'refund-2')).rejects.toThrow(GatewayRejected);
  await gateway.refund(reference, 10_000, 'refund-3');
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 12_345 });
  await expect(gateway.refund(reference, 1, 'refund-4')).rejects.toMatchObject({
    code: 'charge_already_refunded',
  });
});

test('a refund that the bank gives back has failed', async () => {
  const { reference } = await gateway.create(chargeOf(saved));
  const refund = await gateway.refund(reference, 100, 'refused-by-bank');
  await act('stripe', refund.reference, 'fail');
  expect(await gateway.readRefund(refund.reference)).toMatchObject({
    status: 'failed',
    failure: { code: 'lost_or_stolen_card' },
  });
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: 0 });
});

test.each([
  ['JPY', 1050, 1050],
  ['KWD', 1050, 1050],
  ['ISK', 500, 50_000],
  ['UGX', 4000, 400_000],
  ['MGA', 120_000, 1200],
])('an amount of %s is counted as Stripe counts it, and back', async (currency, amount, there) => {
  const charge = chargeOf({ currency, amount, ...saved });
  const { reference, amount_captured } = await gateway.create(charge);
  expect(amount_captured).toBe(amount);
  const [event] = await eventsOf('stripe', reference);
  expect(JSON.parse(event?.body ?? '').data.object).toMatchObject({
    amount: there,
    currency: currency.toLowerCase(),
  });
  await gateway.refund(reference, amount, `all-${charge.key}`);
  expect(await gateway.read(reference)).toMatchObject({ amount_refunded: amount });
});

test.each([
  ['KWD', 1051],
  ['MGA', 120_050],
])('an amount of %s that cards cannot settle is refused before Stripe is asked', async (currency, amount) => {
  const refused = gateway.create(chargeOf({ currency, amount }));
  await expect(refused).rejects.toMatchObject({ name: 'GatewayRejected', code: 'invalid_amount' });
});

test('a dispute is told and read', async () => {
  const { reference } = await gateway.create(chargeOf(saved));
  await act('stripe', reference, 'dispute');
  const event = (await eventsOf('stripe', reference)).at(-1);
  const told = await gateway.webhook(event?.body ?? '', event?.headers ?? {});
  expect(told).toMatchObject({ kind: 'charge.dispute.created', reference, refund_reference: null });
  expect(await gateway.readDispute?.(told.dispute_reference ?? '')).toMatchObject({
    payment_reference: reference,
    amount: 12_345,
    currency: 'USD',
    status: 'needs_response',
    due_by: expect.any(Date),
  });
});

test('webhooks come to the URL of their marketplace, as often as Stripe likes, with one id', async () => {
  const listener = await startListener();
  await sendWebhooksTo('stripe', `${listener.url}/{marketplace}/webhooks/stripe`);
  const charge = chargeOf(saved);
  const { reference } = await gateway.create(charge);
  const first = await listener.next();
  expect(first.marketplace).toBe('/driveway/webhooks/stripe');
  const told = await gateway.webhook(first.body, first.headers);
  expect(told).toMatchObject({ kind: 'payment_intent.succeeded', reference, key: charge.key, account: null });
  await deliverAgain('stripe', told.event_id);
  const second = await listener.next();
  expect(await gateway.webhook(second.body, second.headers)).toEqual(told);
  await sendWebhooksTo('stripe', null);
  await listener.close();
});

test('a webhook that is forged, changed, unsigned or stale is refused by the library', async () => {
  const { reference } = await gateway.create(chargeOf(saved));
  const [event] = await eventsOf('stripe', reference);
  const { body = '', headers = {} } = event ?? {};
  await expect(gateway.webhook(body.replace('12345', '99999'), headers)).rejects.toThrow(SignatureError);
  await expect(gateway.webhook(body, {})).rejects.toThrow(SignatureError);
  await expect(gateway.webhook('', headers)).rejects.toThrow(SignatureError);
  const forged = Stripe.webhooks.generateTestHeaderString({
    payload: body,
    secret: 'whsec_of_somebody_else',
  });
  await expect(gateway.webhook(body, { 'stripe-signature': forged })).rejects.toThrow(SignatureError);
  await gateway.webhook(body, headers);
  advanceClock(301);
  await expect(gateway.webhook(body, headers)).rejects.toThrow(SignatureError);
});

test('the client is loaded by its name', async () => {
  expect((await gatewayOf('stripe', 'driveway')).name).toBe('stripe');
});
