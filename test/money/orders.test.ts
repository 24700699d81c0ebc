import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { act } from './gateways/providers.ts';
import { balancesOf, post } from './ledger.ts';
import { attemptsOf, breaches, INITIATE, postedFor, shown, tell } from './pay.ts';

const SAVED = { payment_method: 'card_saved' };
let customer: Person;
let stranger: Person;
beforeAll(async () => {
  customer = await signUp('recovery', { roles: ['customer'] });
  stranger = await signUp('recovery', { roles: ['customer'] });
});
const newcomer = () => signUp('recovery', { roles: ['customer'] });

/** Opens an order as the functions of a module do: four sessions for $150.00 by default. */
async function ordered(person: Person, changes: Record<string, unknown> = {}) {
  const items = [{ code: 'session', payer: 'customer', payee: 'platform', amount: 15_000 }];
  const details = { description: 'Four sessions', items, setup_fee: true, ...changes };
  const [order] = await actAs(person, sql`select * from money.open_order(${details}::jsonb)`);
  return order;
}
const orderOf = async (person: Person, { id }: { id: string }) =>
  (await person.get(`/api/v1/orders/${id}`)).body;
const pay = (person: Person, { id }: { id: string }, more = {}) =>
  person.post(INITIATE, { order_id: id, ...more });

test('the first order carries the setup fee, and Bolt’s webhook pays it once', async () => {
  const person = await newcomer();
  const order = await ordered(person, { metadata: { subscription_id: 'sub_456' } });
  expect(await orderOf(person, order)).toMatchObject({
    amount: 40_000,
    setup_fee_applied: 25_000,
    status: 'pending',
    bolt_checkout_id: null,
    items: [
      { code: 'session', amount: 15_000 },
      { code: 'setup_fee', amount: 25_000 },
    ],
  });
  const { body: payment } = await pay(person, order);
  expect(payment).toMatchObject({
    gateway: 'bolt',
    status: 'pending',
    amount: 40_000,
    client: { order_token: expect.any(String) },
  });
  const [{ id: key }] = await attemptsOf(payment);
  const { transaction_reference } = await act('bolt', key, 'succeed');
  for (const _ of [1, 2]) {
    await tell('bolt', 'recovery', key);
    await deliverEvents();
  }
  expect(await shown(person, payment)).toMatchObject({ status: 'succeeded', captured_amount: 40_000 });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 40_000, gateway_clearing: -40_000 },
    release: { held: -40_000, platform_revenue: 40_000 },
  });
  expect(await orderOf(person, order)).toMatchObject({
    status: 'paid',
    bolt_checkout_id: transaction_reference,
    metadata: { subscription_id: 'sub_456', payment_method: 'bolt' },
  });
  const events = await asOwner(
    sql`select type from app.outbox where payload ->> 'order_id' = ${order.id}::text order by id`,
  );
  expect(events).toEqual([{ type: 'order.paid' }]);
  expect(await ordered(person)).toMatchObject({ amount: 15_000, setup_fee_applied: 0 });
  expect((await pay(person, order)).body.code).toBe('already_paid');
  expect(await breaches()).toEqual([]);
});

test('of two first orders at once one carries the fee, and it is paid before the other', async () => {
  const person = await newcomer();
  const orders = await Promise.all([ordered(person), ordered(person)]);
  expect(orders.map(({ setup_fee_applied: fee }) => fee).sort()).toEqual([0, 25_000]);
  const [first, second] = orders.sort((a, b) => b.amount - a.amount);
  expect(await pay(person, second, SAVED)).toMatchObject({ status: 409, body: { code: 'setup_fee_unpaid' } });
  expect((await pay(person, first, SAVED)).body.status).toBe('succeeded');
  expect((await pay(person, second, SAVED)).body).toMatchObject({ status: 'succeeded', amount: 15_000 });
});

test('an order that is given up leaves the fee to the next one, and is paid no more', async () => {
  const person = await newcomer();
  const order = await ordered(person);
  const { body: payment } = await pay(person, order);
  const [{ id: key }] = await attemptsOf(payment);
  const cancel = () => person.post(`/api/v1/orders/${order.id}/cancel`);
  expect((await stranger.post(`/api/v1/orders/${order.id}/cancel`)).status).toBe(404);
  expect(await cancel()).toMatchObject({
    status: 200,
    body: { status: 'failed', amount: 15_000, setup_fee_applied: 0, cancelled_at: expect.any(String) },
  });
  expect(await cancel()).toMatchObject({ status: 409, body: { code: 'order_not_cancellable' } });
  expect((await pay(person, order, SAVED)).body.code).toBe('order_cancelled');
  // The checkout was open still: what comes goes back, and the order stays as it is.
  await act('bolt', key, 'succeed');
  await tell('bolt', 'recovery', key);
  await deliverEvents();
  expect(await shown(person, payment)).toMatchObject({
    status: 'cancelled',
    refunds: [{ method: 'gateway', amount: 40_000, reason: 'paid_too_late', status: 'succeeded' }],
  });
  expect((await orderOf(person, order)).status).toBe('failed');
  expect((await ordered(person)).setup_fee_applied).toBe(25_000);
  expect(await breaches()).toEqual([]);
});

test('a decline fails the order, and another card pays it', async () => {
  const person = await newcomer();
  const order = await ordered(person, { setup_fee: false });
  expect((await pay(person, order, { payment_method: 'card_expired' })).body).toMatchObject({
    status: 'failed',
    failure: { code: 'expired' },
  });
  expect((await orderOf(person, order)).status).toBe('failed');
  const refund = asOwner(
    sql`update money.orders set status = 'refunded' where id = ${order.id}::uuid returning id`,
  );
  await expect(refund).rejects.toThrow('transition_not_allowed');
  expect((await pay(person, order, SAVED)).body.status).toBe('succeeded');
  expect((await orderOf(person, order)).status).toBe('paid');
});

test('credits pay an order whole, one for a dollar', async () => {
  const person = await newcomer();
  await post(
    {
      type: 'earned',
      currency: 'XCR',
      entries: [
        { account: 'credits', user_id: person.id, amount: 200, type: 'earned' },
        { account: 'credit_expense', amount: -200 },
      ],
    },
    { marketplace: 'recovery' },
  );
  const order = await ordered(person, { setup_fee: false });
  const { body: payment } = await pay(person, order, { use_credits: true });
  expect(payment).toMatchObject({
    status: 'succeeded',
    credits_amount: 15_000,
    gateway_amount: 0,
    client: null,
  });
  expect(await balancesOf(person.id)).toMatchObject({ credits: 50, held: 0 });
  expect(await orderOf(person, order)).toMatchObject({ status: 'paid', bolt_checkout_id: null });
  expect(await breaches()).toEqual([]);
});

test('an order that staff refund as credits is refunded, and the credits name it', async () => {
  const person = await newcomer();
  const staff = await signUpStaff('recovery');
  const order = await ordered(person, { setup_fee: false });
  const { body: payment } = await pay(person, order, SAVED);
  const refund = { amount: 15_000, reason: 'The sauna was cold.', to: 'credits' };
  expect((await staff.post(`/api/v1/admin/payments/${payment.id}/refunds`, refund)).status).toBe(201);
  await deliverEvents();
  expect((await orderOf(person, order)).status).toBe('refunded');
  expect(await balancesOf(person.id)).toMatchObject({ credits: 150 });
  expect((await person.get('/api/v1/credits/entries')).body.items).toMatchObject([
    { type: 'refunded', amount: 150, reference_type: 'order', reference_id: order.id },
  ]);
  expect((await pay(person, order, SAVED)).body.code).toBe('already_paid');
  expect(await breaches()).toEqual([]);
});

test('a part of an order goes to the provider that the module names', async () => {
  const items = [
    { code: 'session', payer: 'customer', payee: 'provider', user_id: stranger.id, amount: 9000 },
    { code: 'commission', payer: 'customer', payee: 'platform', amount: 1000 },
  ];
  const order = await ordered(customer, { items, setup_fee: false });
  await pay(customer, order, SAVED);
  expect((await balancesOf(stranger.id)).provider_payable).toBe(9000);
});

test('a customer lists their own orders only, newest first', async () => {
  const person = await newcomer();
  const first = await ordered(person);
  const second = await ordered(person);
  const list = async (query = '') => (await person.get(`/api/v1/orders${query}`)).body;
  expect((await list()).items.map(({ id }: { id: string }) => id)).toEqual([second.id, first.id]);
  const page = await list('?limit=1');
  expect(page.items).toHaveLength(1);
  expect((await list(`?limit=1&cursor=${page.next_cursor}`)).items).toMatchObject([{ id: first.id }]);
  expect((await list('?status=paid')).items).toEqual([]);
  expect((await stranger.get(`/api/v1/orders/${first.id}`)).status).toBe(404);
  expect((await stranger.get('/api/v1/orders')).body.items).not.toContainEqual(
    expect.objectContaining({ id: first.id }),
  );
});

test('an order that was paid before this system is read as it is', async () => {
  const person = await newcomer();
  const metadata = { subscription_id: 'sub_456', payment_method: 'card_ending_1234' };
  const checkout = `bolt_checkout_${person.id}`;
  const [{ id }] = await asOwner(sql`
    insert into money.orders (marketplace, user_id, description, bolt_checkout_id, amount, currency, setup_fee_applied, items, status,
      metadata)
    values ('recovery', ${person.id}::uuid, 'Order', ${checkout}, 40000, 'USD', 25000, '[]', 'paid', ${metadata}::jsonb)
    returning id`);
  expect(await orderOf(person, { id })).toMatchObject({
    bolt_checkout_id: checkout,
    amount: 40_000,
    setup_fee_applied: 25_000,
    status: 'paid',
    metadata,
  });
});

test('the database refuses an order of nothing, a second fee and a status that is none', async () => {
  const make = (amount: number, fee = 0, status = 'pending') =>
    asOwner(sql`
      insert into money.orders (marketplace, user_id, description, amount, currency, setup_fee_applied, items, status)
      values ('recovery', ${customer.id}::uuid, 'Order', ${amount}::bigint, 'USD', ${fee}::bigint, '[]', ${status}::text)
      returning id`);
  await expect(make(0)).rejects.toThrow('orders_amount_check');
  await expect(make(-1)).rejects.toThrow('orders_amount_check');
  await expect(make(1, 2)).rejects.toThrow('orders_setup_fee_applied_check');
  await expect(make(1, 0, 'completed')).rejects.toThrow('orders_status_check');
  await make(2, 1);
  await expect(make(2, 1)).rejects.toThrow('orders_setup_fee_key');
});
