import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import type { MandateType } from '../../../lambdas/money/gateways/methods.ts';
import { razorpay } from '../../../lambdas/money/gateways/razorpay.ts';
import { razorpayMethods } from '../../../lambdas/money/gateways/razorpay-methods.ts';
import { act, chargeOf, eventsOf, orderFault } from './providers.ts';

const gateway = razorpay('homigo');
const methods = razorpayMethods('homigo');
const RECURRING = '/v1/payments/create/recurring';

/** Somebody whom Razorpay knows. */
async function known() {
  const reference = randomUUID();
  const person = {
    reference,
    email: `${reference}@people.example`,
    phone: '+919876543210',
    name: 'Asha Rao',
  };
  return (await methods.createCustomer({ ...person, key: reference })).reference;
}

/** Leaves a method in the checkout. Returns the order of the registration. */
async function left(customer: string, type: MandateType = 'card', more: Record<string, unknown> = {}) {
  const setup = await methods.startSetup(customer, randomUUID(), type);
  await act('razorpay', setup.reference, 'succeed', more);
  return setup.reference;
}
const rupees = (customer: string, token: string, amount = 49_900) =>
  chargeOf({ currency: 'INR', amount, customer: { reference: customer }, payment_method: token });

test('a card is left for a rupee that nobody takes, listed, charged and deleted', async () => {
  const customer = await known();
  const setup = await methods.startSetup(customer, randomUUID(), 'card');
  expect(setup.client).toEqual({
    order_id: setup.reference,
    customer_id: customer,
    key_id: expect.stringMatching(/^rzp_test_/),
    amount: 100,
    currency: 'INR',
    method: 'card',
    recurring: '1',
  });
  expect(await methods.list(customer)).toEqual([]);
  await act('razorpay', setup.reference, 'succeed', { last4: '1881' });
  expect(await gateway.read(setup.reference)).toMatchObject({ status: 'authorized', amount_captured: 0 });
  const [card] = await methods.list(customer);
  expect(card).toEqual({
    reference: expect.stringMatching(/^token_/),
    type: 'card',
    brand: 'visa',
    last4: '1881',
    expires: { month: 12, year: 2034 },
  });
  const charge = rupees(customer, card?.reference ?? '');
  const made = await gateway.create(charge);
  expect(made).toMatchObject({ status: 'captured', amount_captured: 49_900 });
  expect(await gateway.create(charge)).toEqual(made);
  await methods.detach(customer, card?.reference ?? '');
  expect(await methods.list(customer)).toEqual([]);
  await expect(gateway.create(rupees(customer, card?.reference ?? ''))).rejects.toMatchObject({
    name: 'GatewayRejected',
  });
});

test('a UPI mandate keeps nothing of the address, and removing it ends the mandate', async () => {
  const customer = await known();
  await left(customer, 'upi');
  const [mandate] = await methods.list(customer);
  expect(mandate).toMatchObject({ type: 'upi', brand: 'okhdfcbank', last4: null, expires: null });
  await methods.detach(customer, mandate?.reference ?? '');
  const events = await eventsOf('razorpay', mandate?.reference ?? '');
  expect(events.map(({ body }) => JSON.parse(body).event)).toContain('token.cancelled');
  expect(await methods.list(customer)).toEqual([]);
});

test('a bank’s mandate costs nothing, and can be charged once the bank has confirmed it', async () => {
  const customer = await known();
  const order = await left(customer, 'emandate');
  expect(await methods.list(customer)).toEqual([]);
  const [told] = await eventsOf('razorpay', order);
  const { token_id } = JSON.parse(told?.body ?? '{}').payload.payment.entity;
  const charge = rupees(customer, token_id);
  await expect(gateway.create(charge)).rejects.toMatchObject({ name: 'GatewayRejected' });
  await act('razorpay', token_id, 'confirm');
  expect(await methods.list(customer)).toEqual([
    { reference: token_id, type: 'emandate', brand: 'HDFC', last4: '6789', expires: null },
  ]);
  expect(await gateway.create(charge)).toMatchObject({ status: 'captured' });
  await act('razorpay', token_id, 'pause');
  expect(await methods.list(customer)).toEqual([]);
});

test('a debit that the bank announces first is on its way until it is made or declined', async () => {
  const customer = await known();
  await left(customer, 'upi', { debit: 'later' });
  const [mandate] = await methods.list(customer);
  const first = await gateway.create(rupees(customer, mandate?.reference ?? ''));
  expect(first).toMatchObject({ status: 'processing', amount_captured: 0 });
  await act('razorpay', first.reference, 'debit');
  expect(await gateway.read(first.reference)).toMatchObject({ status: 'captured', amount_captured: 49_900 });
  const second = await gateway.create(rupees(customer, mandate?.reference ?? ''));
  await act('razorpay', second.reference, 'decline');
  expect(await gateway.read(second.reference)).toMatchObject({
    status: 'failed',
    failure: { code: 'payment_declined' },
  });
});

test('a decline, another person’s token and more than the mandate allows take nothing', async () => {
  const customer = await known();
  await left(customer, 'card', { debit: 'declined' });
  const [card] = await methods.list(customer);
  const token = card?.reference ?? '';
  await expect(gateway.create(rupees(customer, token))).rejects.toMatchObject({
    name: 'GatewayDeclined',
    code: 'payment_declined',
  });
  const stranger = await known();
  await expect(gateway.create(rupees(stranger, token))).rejects.toMatchObject({ name: 'GatewayRejected' });
  await expect(methods.detach(stranger, token)).rejects.toMatchObject({ name: 'GatewayRejected' });
  await expect(gateway.create(rupees(customer, token, 1_500_001))).rejects.toMatchObject({
    name: 'GatewayRejected',
  });
  const nobody = chargeOf({ currency: 'INR', payment_method: token });
  await expect(gateway.create(nobody)).rejects.toMatchObject({ code: 'customer_missing' });
});

test('a charged token whose answer was lost is not charged again', async () => {
  const customer = await known();
  await left(customer);
  const [card] = await methods.list(customer);
  const charge = rupees(customer, card?.reference ?? '');
  await orderFault('razorpay', { path: RECURRING, how: 'cut', after: true });
  await expect(gateway.create(charge)).rejects.toMatchObject({ name: 'GatewayUnavailable' });
  expect(await gateway.create(charge)).toMatchObject({ status: 'captured', amount_captured: 49_900 });
  const told = await eventsOf('razorpay', charge.key);
  expect(told.map(({ body }) => JSON.parse(body).event)).toEqual([
    'payment.authorized',
    'payment.captured',
    'order.paid',
  ]);
});

test('a person is made known once, and nobody gets somebody else’s customer', async () => {
  const reference = randomUUID();
  const contacts = { email: `${reference}@people.example`, phone: '+919876543210' };
  await orderFault('razorpay', { path: '/v1/customers', how: 'cut', after: true });
  const person = { reference, key: reference, ...contacts };
  await expect(methods.createCustomer(person)).rejects.toMatchObject({ name: 'GatewayUnavailable' });
  const made = await methods.createCustomer(person);
  expect(await methods.createCustomer(person)).toEqual(made);
  const taken = { name: 'GatewayRejected', code: 'customer_taken' };
  await expect(methods.createCustomer({ ...person, reference: randomUUID() })).rejects.toMatchObject(taken);
  await expect(razorpayMethods('handie').createCustomer(person)).rejects.toMatchObject(taken);
});

test('webhooks say whose methods may have changed, and which', async () => {
  const customer = await known();
  const order = await left(customer);
  const [card] = await methods.list(customer);
  const [authorized] = await eventsOf('razorpay', order);
  expect(await gateway.webhook(authorized?.body ?? '', authorized?.headers ?? {})).toMatchObject({
    kind: 'payment.authorized',
    customer,
    object: null,
  });
  const token = card?.reference ?? '';
  await act('razorpay', token, 'cancel');
  const cancelled = (await eventsOf('razorpay', token)).at(-1);
  expect(await gateway.webhook(cancelled?.body ?? '', cancelled?.headers ?? {})).toMatchObject({
    kind: 'token.cancelled',
    reference: null,
    object: { type: 'token', id: token },
  });
});
