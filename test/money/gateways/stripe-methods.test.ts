import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { stripe } from '../../../lambdas/money/gateways/stripe.ts';
import { stripeMethods } from '../../../lambdas/money/gateways/stripe-methods.ts';
import { act, chargeOf } from './providers.ts';

const methods = stripeMethods('driveway');

async function customerWithCard(last4: string) {
  const person = { reference: randomUUID(), email: 'driver@example.com', key: randomUUID() };
  const customer = await methods.createCustomer(person);
  expect(await methods.createCustomer(person)).toEqual(customer);
  const setup = await methods.startSetup(customer.reference, randomUUID());
  expect(setup.client.client_secret).toContain(setup.reference);
  await act('stripe', setup.reference, 'succeed', { last4 });
  return customer.reference;
}

test('a person leaves a card, which is charged without them', async () => {
  const customer = await customerWithCard('4242');
  const [card] = await methods.list(customer);
  expect(card).toEqual({
    reference: expect.stringMatching(/^pm_/),
    type: 'card',
    brand: 'visa',
    last4: '4242',
    expires: { month: 12, year: 2034 },
  });
  const charge = chargeOf({ customer: { reference: customer }, payment_method: card?.reference });
  expect(await stripe('driveway').create(charge)).toMatchObject({ status: 'captured' });
});

test('a card is taken off by its owner only', async () => {
  const owner = await customerWithCard('1111');
  const other = await customerWithCard('2222');
  const [card] = await methods.list(owner);
  const taken = methods.detach(other, card?.reference ?? '');
  await expect(taken).rejects.toMatchObject({ name: 'GatewayRejected', code: 'not_theirs' });
  await methods.detach(owner, card?.reference ?? '');
  expect(await methods.list(owner)).toEqual([]);
  expect(await methods.list(other)).toHaveLength(1);
});
