import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, eventsOf, orderFault } from './gateways/providers.ts';
import { attemptsOf, breaches, tell } from './pay.ts';
import { after, DAY, goTo, HOUR, shownSubscription, subscribed, toldOf } from './subscribers.ts';

const METHODS = '/api/v1/payment-methods';
const REFRESH = '/api/v1/payment-methods/refresh';
let person: Person;
beforeEach(async () => {
  person = await signUp('homigo', { roles: ['tenant'] });
});

/** Leaves a method in Razorpay's checkout, as the app lets a person do. Returns the order. */
async function left(type?: string, more: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await person.post(METHODS, type ? { type } : {});
  if (status !== 201) throw new Error(`Saving a method was answered ${status}.`);
  await act('razorpay', body.client.order_id, 'succeed', more);
  return body.client.order_id;
}
const heard = async (reference: string) => {
  const statuses = await tell('razorpay', 'homigo', reference);
  await deliverEvents();
  return statuses;
};
const listed = async () => (await person.get(METHODS)).body.items;
const tokenOf = async (id: string) => {
  const [row] = await asOwner(sql`select reference from money.payment_methods where id = ${id}::uuid`);
  return row.reference;
};

test('a mandate that was left at Razorpay is told by its webhook, listed, and goes when its bank ends it', async () => {
  const order = await left('upi');
  expect(await heard(order)).toContain(200);
  const [mandate] = await listed();
  expect(mandate).toMatchObject({ gateway: 'razorpay', type: 'upi', brand: 'okhdfcbank', is_default: true });
  const token = await tokenOf(mandate.id);
  await act('razorpay', token, 'pause');
  await heard(token);
  expect(await listed()).toEqual([]);
  // What comes twice or late changes nothing: the token is read each time.
  await act('razorpay', token, 'resume');
  await heard(token);
  await heard(token);
  expect(await listed()).toMatchObject([{ id: mandate.id, is_default: true }]);
  await act('razorpay', token, 'cancel');
  await heard(token);
  expect(await listed()).toEqual([]);
});

test('without a webhook the app takes it over, and what its owner removed stays so', async () => {
  await left();
  await left('card', { last4: '1881' });
  const cards = (await person.post(REFRESH, {})).body.items;
  expect(cards.map(({ last4 }: { last4: string }) => last4)).toEqual(['1881', '4242']);
  // Razorpay does not hear of it: it stays removed all the same.
  await orderFault('razorpay', { path: '/v1/customers/*/tokens/*', status: 500, body: {} });
  expect((await person.delete(`${METHODS}/${cards[0].id}`)).status).toBe(204);
  expect((await person.post(REFRESH, {})).body.items).toMatchObject([{ id: cards[1].id }]);
});

test('a bank’s mandate that is rejected is never listed', async () => {
  const order = await left('emandate');
  const [told] = await eventsOf('razorpay', order);
  await act('razorpay', JSON.parse(told?.body ?? '{}').payload.payment.entity.token_id, 'reject');
  await heard(order);
  expect((await person.post(REFRESH, {})).body.items).toEqual([]);
});

test('a gateway that does not answer refuses nothing for good, and a forged webhook is refused', async () => {
  await orderFault('razorpay', { path: '/v1/customers', how: 'cut', after: true });
  expect(await person.post(METHODS, {})).toMatchObject({
    status: 409,
    body: { code: 'gateway_unavailable' },
  });
  const order = await left();
  const [event] = await eventsOf('razorpay', order);
  const forged = await anonymous('homigo').post('/api/v1/webhooks/razorpay', undefined, {
    raw: event?.body ?? '',
    headers: { ...event?.headers, 'x-razorpay-signature': '00' },
  });
  expect(forged).toMatchObject({ status: 401, body: { code: 'signature_invalid' } });
  expect(
    await asOwner(sql`
    select reference from money.gateway_customers where user_id = ${person.id}::uuid`),
  ).toHaveLength(1);
});

test('whoever lacks an e-mail address is told, and whoever has somebody else’s contacts gets no methods of theirs', async () => {
  await left();
  const [{ phone_sealed, phone_hash }] = await asOwner(sql`
    select phone_sealed, phone_hash from identity.users where id = ${person.id}::uuid`);
  await asOwner(sql`
    update identity.users set email = 'gone-' || id || '@people.example', phone_sealed = null, phone_hash = null,
      phone_verified_at = null where id = ${person.id}::uuid returning id`);
  const next = await signUp('homigo', { roles: ['tenant'] });
  await asOwner(sql`update identity.users set email = null where id = ${next.id}::uuid returning id`);
  expect(await next.post(METHODS, {})).toMatchObject({ status: 422, body: { code: 'contact_missing' } });
  await asOwner(sql`
    update identity.users set email = ${person.email}, phone_sealed = ${phone_sealed}, phone_hash = ${phone_hash}
    where id = ${next.id}::uuid returning id`);
  expect(await next.post(METHODS, {})).toMatchObject({ status: 409, body: { code: 'customer_taken' } });
  expect((await next.post(REFRESH, {})).body.items).toEqual([]);
});

test('a subscription renews by a mandate whose debit takes a day, and nobody asks for the same twice', async () => {
  const sub = await subscribed(person);
  await heard(await left('upi', { debit: 'later' }));
  const end = sub.current_period_end;
  await goTo(after(end, -2 * DAY));
  await goTo(after(end, 60));
  // The day of a retry, while the debit is announced.
  await goTo(after(end, DAY + HOUR));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'active', current_period_end: end });
  const payments = await asOwner(sql`
    select id, status from money.payments where subject_id = ${sub.id}::uuid order by id`);
  expect(payments.map(({ status }) => status)).toEqual(['succeeded', 'processing']);
  const [{ reference }] = await attemptsOf(payments[1]);
  await act('razorpay', reference, 'debit');
  await goTo(after(end, 2 * DAY));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'active', current_period_start: end });
  expect((await toldOf(person)).filter(name => name.startsWith('subscription_'))).toEqual([
    'subscription_started',
    'subscription_renewal_due',
    'subscription_renewed',
  ]);
  expect(await breaches()).toEqual([]);
});

test('whoever ends the mandate in their bank’s app is asked to pay', async () => {
  const sub = await subscribed(person);
  await heard(await left('upi'));
  const [mandate] = await listed();
  const token = await tokenOf(mandate.id);
  await act('razorpay', token, 'cancel');
  await heard(token);
  await goTo(after(sub.current_period_end, -2 * DAY));
  await goTo(after(sub.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'past_due' });
  expect((await toldOf(person)).at(-1)).toBe('subscription_payment_due');
});
