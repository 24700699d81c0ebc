import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { topUp } from './ledger.ts';
import { breaches, postedFor } from './pay.ts';
import { bought, chargesOf, hasBenefit, PURCHASE, paid, shownSubscription, toldOf } from './subscribers.ts';

let asha: Person;
let other: Person;
beforeAll(async () => {
  asha = await signUp('homigo', { roles: ['tenant'] });
  other = await signUp('homigo', { roles: ['tenant', 'host'] });
});
const tenant = () => signUp('homigo', { roles: ['tenant'] });

test('what is sold is told to everybody, with its prices', async () => {
  const { body } = await anonymous('homigo').get('/api/v1/plans');
  expect(body.plans).toEqual([
    {
      code: 'tenant_premium',
      name: 'Tenant Premium',
      role: 'tenant',
      currency: 'INR',
      amount: 99_900,
      months: 1,
      benefits: ['unlimited_postings', 'feed_priority', 'advanced_filters', 'visit_priority'],
    },
    expect.objectContaining({ code: 'host_premium', role: 'host', amount: 149_900, months: 1 }),
  ]);
  expect(body.products).toMatchObject([
    { code: 'tenant_listing', role: 'tenant', amount: 25_000, days: 30 },
    { code: 'host_listing', role: 'host', amount: 49_900, days: 30 },
    { code: 'premium_listing', role: 'host', amount: 99_900, days: 45, benefits: ['top_placement'] },
  ]);
  expect((await anonymous('driveway').get('/api/v1/plans')).body).toEqual({ plans: [], products: [] });
});

test('a plan that was bought waits for its payment, and is active for a month as soon as that has succeeded', async () => {
  const { subscription, payment } = await bought(asha);
  expect(subscription).toMatchObject({
    plan: 'tenant_premium',
    status: 'pending',
    amount_due: 99_900,
    current_period_start: null,
    next_amount: null,
  });
  expect(payment).toMatchObject({
    purpose: 'subscription',
    status: 'pending',
    amount: 99_900,
    currency: 'INR',
    gateway: 'razorpay',
    client: { order_id: expect.stringMatching(/^order_/) },
  });
  expect(await hasBenefit(asha, 'advanced_filters')).toBe(false);

  await paid('homigo', payment);
  const { body } = await asha.get('/api/v1/subscriptions');
  expect(body.plans).toHaveLength(2);
  expect(body.items).toEqual([
    expect.objectContaining({
      id: subscription.id,
      status: 'active',
      amount: 99_900,
      amount_due: null,
      next_amount: 99_900,
      cancel_at_period_end: false,
    }),
  ]);
  const { current_period_start: from, current_period_end: to } = body.items[0];
  const [months] = await asOwner(sql`
    select (${to}::timestamptz at time zone 'Asia/Kolkata')
           = (${from}::timestamptz at time zone 'Asia/Kolkata') + interval '1 month' as one`);
  expect(months.one).toBe(true);
  expect(await hasBenefit(asha, 'advanced_filters')).toBe(true);
  expect(await hasBenefit(asha, 'analytics')).toBe(false);
  expect(await postedFor(payment)).toEqual({
    payment: { held: 99_900, gateway_clearing: -99_900 },
    subscription: { held: -99_900, platform_revenue: 99_900 },
  });
  expect((await asha.get(`/api/v1/subscriptions/${subscription.id}`)).body.periods).toEqual([
    {
      kind: 'start',
      plan: 'tenant_premium',
      price: 99_900,
      credit: 0,
      amount: 99_900,
      period_start: from,
      period_end: to,
      status: 'paid',
      payment_id: payment.id,
    },
  ]);
  expect(await toldOf(asha)).toContain('subscription_started');
  expect(await breaches()).toEqual([]);

  // A bystander has none of it.
  expect((await other.get('/api/v1/subscriptions')).body.items).toEqual([]);
  for (const path of ['', '/change?plan=host_premium'])
    expect((await other.get(`/api/v1/subscriptions/${subscription.id}${path}`)).status).toBe(404);
  for (const verb of ['cancel', 'resume', 'change'])
    expect(
      await other.post(
        `/api/v1/subscriptions/${subscription.id}/${verb}`,
        verb === 'change' ? { plan: 'host_premium' } : undefined,
      ),
    ).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await asha.post(PURCHASE, { plan: 'tenant_premium' })).toMatchObject({
    status: 409,
    body: { code: 'already_subscribed', errors: [{ field: 'plan' }] },
  });
});

test.each([
  [{ plan: 'gold' }, 422, 'plan_not_offered'],
  [{ plan: 'host_premium' }, 403, 'role_missing'],
  [{ plan: 'tenant_premium', gateway: 'stripe' }, 422, 'gateway_not_offered'],
  [{ plan: 'tenant_premium', amount: 1 }, 400, 'invalid_input'],
])('%j is answered %i %s', async (body, status, code) => {
  expect(await (code === 'gateway_not_offered' ? other : asha).post(PURCHASE, body)).toMatchObject({
    status,
    body: { code },
  });
});

test('nothing is sold where a marketplace has no plans, whoever asks', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  expect(await driver.post(PURCHASE, { plan: 'tenant_premium' })).toMatchObject({
    status: 422,
    body: { code: 'plan_not_offered' },
  });
});

test('bought again before it is paid for it is the same, and two at once buy one', async () => {
  const person = await tenant();
  const answers = await Promise.all([1, 2, 3].map(() => person.post(PURCHASE, { plan: 'tenant_premium' })));
  const taken = answers.filter(({ status }) => status === 201);
  expect(taken.length).toBeGreaterThan(0);
  for (const { status, body } of answers) if (status !== 201) expect(body.code).toBe('payment_in_progress');
  const again = await bought(person);
  expect(again.payment.id).toBe(taken[0]?.body.payment.id);
  expect(again.subscription.id).toBe(taken[0]?.body.subscription.id);
  expect(await chargesOf(again.subscription)).toHaveLength(1);
});

test('a wallet that has enough buys it at once', async () => {
  const person = await tenant();
  await topUp(person.id, 100_000, 'homigo', 'INR');
  const { subscription, payment } = await bought(person, 'tenant_premium', { use_wallet: true });
  expect(payment).toMatchObject({
    status: 'succeeded',
    wallet_amount: 99_900,
    gateway_amount: 0,
    client: null,
  });
  expect(subscription).toMatchObject({ status: 'active', amount_due: null });
  await deliverEvents();
});

test('a payment that fails leaves it waiting, and another try makes it active', async () => {
  const person = await tenant();
  const { subscription, payment } = await bought(person);
  await paid('homigo', payment, 'decline');
  expect(await shownSubscription(subscription)).toMatchObject({ status: 'pending', amount_due: 99_900 });
  const { payment: second } = await bought(person);
  await paid('homigo', second);
  expect(await shownSubscription(subscription)).toMatchObject({ status: 'active' });
});

test('what is due can be paid through the payments’ own route too', async () => {
  const person = await tenant();
  const { subscription, payment } = await bought(person);
  const answer = await person.post('/api/v1/payments/initiate', { subscription_id: subscription.id });
  expect(answer).toMatchObject({ status: 201, body: { id: payment.id, subject_id: subscription.id } });
  expect(await other.post('/api/v1/payments/initiate', { subscription_id: subscription.id })).toMatchObject({
    status: 404,
  });
  await paid('homigo', payment);
  expect(await person.post('/api/v1/payments/initiate', { subscription_id: subscription.id })).toMatchObject({
    status: 409,
    body: { code: 'already_paid' },
  });
});

test('what is cancelled before it is paid for ends at once, and what its payment still brings in is given back', async () => {
  const person = await tenant();
  const { subscription, payment } = await bought(person);
  const { body } = await person.post(`/api/v1/subscriptions/${subscription.id}/cancel`);
  expect(body).toMatchObject({ status: 'cancelled', amount_due: null, ended_at: expect.any(String) });
  await paid('homigo', payment);
  expect((await person.get(`/api/v1/payments/${payment.id}`)).body).toMatchObject({
    status: 'cancelled',
    refunds: [{ reason: 'paid_too_late', amount: 99_900, status: 'succeeded' }],
  });
  expect(await person.post(`/api/v1/subscriptions/${subscription.id}/cancel`)).toMatchObject({
    status: 409,
    body: { code: 'subscription_ended' },
  });
  expect(await breaches()).toEqual([]);
  // Nothing stands in the way of another.
  expect((await bought(person)).subscription.id).not.toBe(subscription.id);
});

test('a price that has changed meanwhile is the price', async () => {
  const person = await tenant();
  const { payment } = await bought(person);
  await asOwner(sql`
    update money.subscription_charges set price = 88800 where subscription_id = ${payment.subject_id}::uuid returning id`);
  const { payment: second } = await bought(person);
  expect(second).toMatchObject({ amount: 99_900 });
  expect(second.id).not.toBe(payment.id);
});
