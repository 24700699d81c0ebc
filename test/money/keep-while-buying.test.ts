import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, orderFault } from './gateways/providers.ts';
import { attemptsOf, breaches, tell } from './pay.ts';
import { after, bought, DAY, goTo, PURCHASE, shownSubscription } from './subscribers.ts';

const plan = 'tenant_premium';
let person: Person;
beforeEach(async () => {
  person = await signUp('homigo', { roles: ['tenant'] });
});

const customersOf = ({ id }: Person) =>
  asOwner(sql`select reference from money.gateway_customers where user_id = ${id}::uuid`);
const methodsOf = async (owner: Person) => (await owner.get('/api/v1/payment-methods')).body.items;
/** Pays in the checkout, as the app lets a person do, and lets Razorpay tell. */
async function paidAt(payment: { id: string }) {
  const attempt = (await attemptsOf(payment)).find(({ is_current }) => is_current);
  await act('razorpay', attempt.reference, 'succeed');
  await tell('razorpay', 'homigo', attempt.reference);
  await deliverEvents();
}

test.each(['upi', 'card'])(
  'what a plan is paid with, %s, is kept in the same step and pays for the next period',
  async keep_method => {
    const { subscription, payment } = await bought(person, plan, { keep_method });
    const [{ reference: customer }] = await customersOf(person);
    expect(payment.client).toEqual({
      order_id: expect.stringMatching(/^order_/),
      key_id: expect.stringMatching(/^rzp_test_/),
      amount: payment.amount,
      currency: 'INR',
      customer_id: customer,
      method: keep_method,
      recurring: '1',
    });
    // Asked again before it is paid, it is the same order of the same customer.
    const again = await bought(person, plan, { keep_method });
    expect(again.payment.client).toEqual(payment.client);
    expect(await customersOf(person)).toHaveLength(1);
    await paidAt(payment);
    const sub = await shownSubscription(subscription);
    expect(sub).toMatchObject({ status: 'active' });
    expect(await methodsOf(person)).toMatchObject([
      { gateway: 'razorpay', type: keep_method, is_default: true },
    ]);
    const end = sub.current_period_end;
    await goTo(after(end, -2 * DAY));
    await goTo(after(end, 60));
    expect(await shownSubscription(sub)).toMatchObject({ status: 'active', current_period_start: end });
    expect(await breaches()).toEqual([]);
  },
);

test('without the wish nothing is kept, and one wish after the other makes a try of its own', async () => {
  const plain = await bought(person);
  expect(plain.payment.client).not.toHaveProperty('customer_id');
  expect(await customersOf(person)).toEqual([]);
  const kept = await bought(person, plan, { keep_method: 'upi' });
  expect(kept.subscription.id).toBe(plain.subscription.id);
  expect(kept.payment.client.order_id).not.toBe(plain.payment.client.order_id);
  await paidAt(kept.payment);
  // The form of the first try was open still: what it brings in goes back.
  await act('razorpay', plain.payment.client.order_id, 'succeed');
  await tell('razorpay', 'homigo', plain.payment.client.order_id);
  await deliverEvents();
  const refunds = await asOwner(sql`
    select status, amount from money.refunds where payment_id = ${kept.payment.id}::uuid`);
  expect(refunds).toEqual([{ status: 'succeeded', amount: plain.payment.amount }]);
  expect(await methodsOf(person)).toHaveLength(1);
  expect(await breaches()).toEqual([]);
});

test('a customer or an order whose answer was lost is not made twice', async () => {
  const keep_method = 'card';
  await orderFault('razorpay', { path: '/v1/customers', how: 'cut', after: true });
  const first = await bought(person, plan, { keep_method });
  expect(first.payment.client).toBeNull();
  expect(await customersOf(person)).toEqual([{ reference: null }]);
  await orderFault('razorpay', { path: '/v1/orders', how: 'cut', after: true });
  const second = await bought(person, plan, { keep_method });
  expect(second.payment).toMatchObject({ id: first.payment.id, client: null });
  const [{ reference: customer }] = await customersOf(person);
  expect(customer).toMatch(/^cust_/);
  const { payment, subscription } = await bought(person, plan, { keep_method });
  expect(payment.client).toMatchObject({ customer_id: customer });
  expect(await attemptsOf(payment)).toMatchObject([{ reference: payment.client.order_id, is_current: true }]);
  await paidAt(payment);
  expect(await shownSubscription(subscription)).toMatchObject({ status: 'active' });
  expect(await methodsOf(person)).toHaveLength(1);
});

test('whoever lacks a contact, or has somebody else’s, is told, and may pay without leaving anything', async () => {
  await bought(person, plan, { keep_method: 'upi' });
  const [{ phone_sealed, phone_hash }] = await asOwner(sql`
    select phone_sealed, phone_hash from identity.users where id = ${person.id}::uuid`);
  await asOwner(sql`
    update identity.users set email = 'gone-' || id || '@people.example', phone_sealed = null, phone_hash = null,
      phone_verified_at = null where id = ${person.id}::uuid returning id`);
  const next = await signUp('homigo', { roles: ['tenant'] });
  await asOwner(sql`update identity.users set email = null where id = ${next.id}::uuid returning id`);
  expect(await next.post(PURCHASE, { plan, keep_method: 'upi' })).toMatchObject({
    status: 422,
    body: { code: 'contact_missing' },
  });
  await asOwner(sql`
    update identity.users set email = ${person.email}, phone_sealed = ${phone_sealed}, phone_hash = ${phone_hash}
    where id = ${next.id}::uuid returning id`);
  expect(await next.post(PURCHASE, { plan, keep_method: 'upi' })).toMatchObject({
    status: 409,
    body: { code: 'customer_taken' },
  });
  expect(await customersOf(next)).toEqual([{ reference: null }]);
  const { payment } = await bought(next);
  await paidAt(payment);
  expect(await methodsOf(next)).toEqual([]);
  expect(await breaches()).toEqual([]);
});

test('it is for a method that is not kept yet, at Razorpay', async () => {
  for (const more of [{ payment_method_id: crypto.randomUUID() }, { payment_method: 'token_1' }])
    expect(await person.post(PURCHASE, { plan, keep_method: 'card', ...more })).toMatchObject({
      status: 400,
      body: { code: 'invalid_input', errors: [{ field: 'keep_method' }] },
    });
  expect(await person.post(PURCHASE, { plan, keep_method: 'emandate' })).toMatchObject({ status: 400 });
  const refused = { status: 422, body: { code: 'keeping_unsupported', errors: [{ field: 'keep_method' }] } };
  expect(await person.post(PURCHASE, { plan, keep_method: 'card', gateway: 'paytm' })).toMatchObject(refused);
  const customer = await signUp('recovery', { roles: ['customer'] });
  expect(await customer.post(PURCHASE, { plan, keep_method: 'card' })).toMatchObject(refused);
});
