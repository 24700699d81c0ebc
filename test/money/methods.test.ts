import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, eventsOf, orderFault } from './gateways/providers.ts';
import { attemptsOf, initiate, initiated } from './pay.ts';

const METHODS = '/api/v1/payment-methods';
const REFRESH = '/api/v1/payment-methods/refresh';
let host: Person;
let stranger: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  stranger = await signUp('driveway', { roles: ['driver'] });
});

/** Leaves a card at Stripe's form, as the app lets a person do, and takes it over. Returns the list. */
async function saved(person: Person, last4 = '4242') {
  const { status, body } = await person.post(METHODS, {});
  if (status !== 201) throw new Error(`Saving a method was answered ${status}.`);
  const [reference = ''] = body.client.client_secret.split('_secret_');
  await act('stripe', reference, 'succeed', { last4 });
  return (await person.post(REFRESH, {})).body.items;
}
const customersOf = (person: Person) =>
  asOwner(sql`select reference from money.gateway_customers where user_id = ${person.id}::uuid`);

test('a card that was left at Stripe is listed, is the default and is charged by its id', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const [card] = await saved(driver);
  expect(card).toEqual({
    id: expect.any(String),
    gateway: 'stripe',
    type: 'card',
    brand: 'visa',
    last4: '4242',
    expires_month: 12,
    expires_year: 2034,
    is_default: true,
    created_at: expect.any(String),
  });
  expect((await driver.get(METHODS)).body.items).toEqual([card]);
  const booking = await placed(driver, host, { payment_timeout: 900 });
  const payment = await initiated(driver, booking, { payment_method_id: card.id });
  expect(payment).toMatchObject({ status: 'authorized', gateway: 'stripe', client: null });
  const [{ reference }] = await attemptsOf(payment);
  const [{ reference: customer }] = await customersOf(driver);
  // Stripe charges a kept card for its customer only.
  expect((await eventsOf('stripe', reference)).at(-1)?.body).toContain(customer);
});

test('a person is made known to Stripe once, also when the answer was lost', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  await orderFault('stripe', { path: '/v1/customers', how: 'cut', after: true });
  expect(await driver.post(METHODS, {})).toMatchObject({
    status: 409,
    body: { code: 'gateway_unavailable' },
  });
  await saved(driver);
  const cards = await saved(driver, '1881');
  expect(cards.map(({ last4 }: { last4: string }) => last4)).toEqual(['1881', '4242']);
  expect(await customersOf(driver)).toHaveLength(1);
});

test('a method that was removed is charged no more and does not come back', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  await saved(driver);
  const [second, first] = await saved(driver, '1881');
  expect([first.is_default, second.is_default]).toEqual([true, false]);
  expect((await driver.post(`${METHODS}/${second.id}/default`)).body).toMatchObject({ is_default: true });
  // Stripe does not hear of it: it stays removed all the same.
  await orderFault('stripe', { path: '/v1/payment_methods/*', status: 500, body: {} });
  expect((await driver.delete(`${METHODS}/${second.id}`)).status).toBe(204);
  expect((await driver.delete(`${METHODS}/${second.id}`)).status).toBe(404);
  expect((await driver.post(REFRESH, {})).body.items).toMatchObject([{ id: first.id, is_default: true }]);
  const booking = await placed(driver, host, { payment_timeout: 900 });
  expect(await initiate(driver, booking, { payment_method_id: second.id })).toMatchObject({
    status: 422,
    body: { code: 'payment_method_not_found', errors: [{ field: 'payment_method_id' }] },
  });
  expect((await driver.post(`${METHODS}/${second.id}/default`)).status).toBe(404);
  expect((await driver.delete(`${METHODS}/${first.id}`)).status).toBe(204);
  expect((await driver.post(REFRESH, {})).body.items).toEqual([]);
});

test('nobody sees, charges, prefers or removes what another person keeps', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const [card] = await saved(driver);
  expect((await stranger.get(METHODS)).body.items).toEqual([]);
  expect((await stranger.delete(`${METHODS}/${card.id}`)).status).toBe(404);
  expect((await stranger.post(`${METHODS}/${card.id}/default`)).status).toBe(404);
  const booking = await placed(stranger, host, { payment_timeout: 900 });
  expect((await initiate(stranger, booking, { payment_method_id: card.id })).body.code).toBe(
    'payment_method_not_found',
  );
  // Nor by the gateway's own name for it.
  const [{ reference }] = await asOwner(
    sql`select reference from money.payment_methods where id = ${card.id}::uuid`,
  );
  expect((await initiate(stranger, booking, { payment_method: reference })).body.code).toBe(
    'payment_method_not_found',
  );
  expect((await initiate(driver, await placed(driver, host), { payment_method: reference })).status).toBe(
    201,
  );
  expect((await driver.get(METHODS)).body.items).toEqual([card]);
});

test('of two who save at once both become one customer, and one method is the default', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  await Promise.all([saved(driver), saved(driver, '1881')]);
  expect(await customersOf(driver)).toHaveLength(1);
  const { items } = (await driver.get(METHODS)).body;
  expect(items).toHaveLength(2);
  expect(items.filter((item: { is_default: boolean }) => item.is_default)).toHaveLength(1);
});

test('where no gateway keeps methods, none is saved', async () => {
  const customer = await signUp('recovery', { roles: ['customer'] });
  expect(await customer.post(METHODS, {})).toMatchObject({
    status: 422,
    body: { code: 'saving_unsupported' },
  });
  expect((await customer.post(REFRESH, {})).body).toEqual({ items: [] });
  expect(await customersOf(customer)).toEqual([]);
});
