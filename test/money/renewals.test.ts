import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { eventsOf, orderFault } from './gateways/providers.ts';
import { attemptsOf, breaches, postedFor } from './pay.ts';
import {
  after,
  back,
  chargesOf,
  DAY,
  goTo,
  HOUR,
  hasBenefit,
  keepsToken,
  paid,
  shownSubscription,
  subscribed,
  toldOf,
} from './subscribers.ts';

let person: Person;
beforeEach(async () => {
  person = await signUp('homigo', { roles: ['tenant'] });
});

const paymentsOf = (subscription: { id: string }) =>
  asOwner(sql`select p.* from money.payments p where p.subject_id = ${subscription.id}::uuid order by p.id`);
const told = async (name: string) =>
  (await toldOf(person)).filter(template => template === `subscription_${name}`).length;
const runTwice = () =>
  Promise.all([1, 2].map(() => runSchedule('renew-subscriptions', { marketplace: 'homigo' })));

test('three days before its end its subscriber is told, and at its end the saved method is charged, once', async () => {
  const sub = await subscribed(person);
  await keepsToken(person);
  await goTo(after(sub.current_period_end, -3 * DAY - 60));
  expect(await told('renewal_due')).toBe(0);
  await goTo(after(sub.current_period_end, -3 * DAY + 60));
  expect(await told('renewal_due')).toBe(1);
  expect(await shownSubscription(sub)).toMatchObject({ status: 'active', amount_due: 99_900 });
  await goTo(after(sub.current_period_end, -60));
  expect(await paymentsOf(sub)).toHaveLength(1);

  await goTo(after(sub.current_period_end, 60));
  await runTwice();
  await runSchedule('sweep-timers');
  const renewed = await shownSubscription(sub);
  expect(renewed).toMatchObject({
    status: 'active',
    current_period_start: sub.current_period_end,
    amount_due: null,
  });
  const payments = await paymentsOf(sub);
  expect(payments).toMatchObject([{ status: 'succeeded' }, { status: 'succeeded', amount: 99_900 }]);
  expect(await postedFor(payments[1])).toEqual({
    payment: { held: 99_900, gateway_clearing: -99_900 },
    subscription: { held: -99_900, platform_revenue: 99_900 },
  });
  expect([await told('renewal_due'), await told('renewed')]).toEqual([1, 1]);
  expect(await told('payment_failed')).toBe(0);

  // The next month goes the same way.
  await goTo(after(renewed.current_period_end, -2 * DAY));
  await goTo(after(renewed.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ current_period_start: renewed.current_period_end });
  expect((await chargesOf(sub)).map(({ kind, status }) => `${kind} ${status}`)).toEqual([
    'start paid',
    'renewal paid',
    'renewal paid',
  ]);
  expect(await breaches()).toEqual([]);
});

test('a method that is declined is tried again on the days that are set, each told, and then it is over', async () => {
  const sub = await subscribed(person);
  await keepsToken(person, 'declined');
  const end = sub.current_period_end;
  await goTo(after(end, -2 * DAY));
  const seen: unknown[] = [];
  for (const days of [0, 0.5, 1, 2, 3, 4, 5, 6.9]) {
    await goTo(after(end, days * DAY + 60));
    await runTwice();
    await deliverEvents();
    const { status } = await shownSubscription(sub);
    seen.push([days, status, (await paymentsOf(sub)).length - 1, await told('payment_failed')]);
  }
  expect(seen).toEqual([
    [0, 'past_due', 1, 1],
    [0.5, 'past_due', 1, 1],
    [1, 'past_due', 2, 2],
    [2, 'past_due', 2, 2],
    [3, 'past_due', 3, 3],
    [4, 'past_due', 3, 3],
    [5, 'past_due', 4, 4],
    [6.9, 'past_due', 4, 4],
  ]);
  expect(await hasBenefit(person, 'advanced_filters')).toBe(true);
  await goTo(after(end, 7 * DAY + 60));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'expired', amount_due: null });
  expect(await hasBenefit(person, 'advanced_filters')).toBe(false);
  expect(await told('expired')).toBe(1);
  expect((await paymentsOf(sub)).slice(1).map(({ status }) => status)).toEqual(Array(4).fill('cancelled'));
  expect(await breaches()).toEqual([]);
});

test('a method that works on the third day goes on with the period that had begun', async () => {
  const sub = await subscribed(person);
  await keepsToken(person, 'declined');
  const end = sub.current_period_end;
  await goTo(after(end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'past_due' });
  await keepsToken(person);
  await goTo(after(end, DAY + 60));
  const renewed = await shownSubscription(sub);
  expect(renewed).toMatchObject({ status: 'active', current_period_start: end });
  const [row] = await asOwner(sql`
    select (${renewed.current_period_end}::timestamptz at time zone 'Asia/Kolkata')
      = (${sub.current_period_start}::timestamptz at time zone 'Asia/Kolkata') + interval '2 months' as anchored`);
  expect(row.anchored).toBe(true);
  expect(await breaches()).toEqual([]);
});

test('without a saved method the person is asked, and pays before the end, or after it within the grace', async () => {
  person = await signUpWithPassword('homigo', { roles: ['tenant'] });
  const sub = await subscribed(person);
  const end = sub.current_period_end;
  await goTo(after(end, -2 * DAY));
  person = await back(person);
  const { body: early } = await person.post('/api/v1/payments/initiate', { subscription_id: sub.id });
  await paid('homigo', early);
  // The month that is paid for goes on to its end.
  expect(await shownSubscription(sub)).toMatchObject({ current_period_end: end, amount_due: null });
  expect(await told('renewed')).toBe(1);
  await goTo(after(end, 60));
  const second = await shownSubscription(sub);
  expect(second).toMatchObject({ status: 'active', current_period_start: end });

  await goTo(after(second.current_period_end, -2 * DAY));
  await goTo(after(second.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'past_due', amount_due: 99_900 });
  await goTo(after(second.current_period_end, DAY + 60));
  expect(await told('payment_due')).toBe(2);
  person = await back(person);
  const { body: late } = await person.post('/api/v1/payments/initiate', { subscription_id: sub.id });
  await paid('homigo', late);
  expect(await shownSubscription(sub)).toMatchObject({
    status: 'active',
    current_period_start: second.current_period_end,
  });
  expect(await breaches()).toEqual([]);
});

test('what is paid after the subscription has expired is given back', async () => {
  person = await signUpWithPassword('homigo', { roles: ['tenant'] });
  const sub = await subscribed(person);
  const end = sub.current_period_end;
  await goTo(after(end, 60));
  person = await back(person);
  const { body: payment } = await person.post('/api/v1/payments/initiate', { subscription_id: sub.id });
  await goTo(after(end, 7 * DAY + 60));
  await paid('homigo', payment);
  expect(await shownSubscription(sub)).toMatchObject({ status: 'expired' });
  const [refund] = await asOwner(sql`
    select r.reason, r.status, r.amount from money.refunds r where r.payment_id = ${payment.id}::uuid`);
  expect(refund).toEqual({ reason: 'paid_too_late', status: 'succeeded', amount: 99_900 });
  expect(await breaches()).toEqual([]);
});

test.each([
  ['before the gateway heard of it', { path: '/v1/orders', how: 'cut' }],
  ['after the gateway had taken it', { path: '/v1/payments/create/recurring', how: 'cut', after: true }],
])('a renewal that is cut off %s is made good under the same key', async (_when, fault) => {
  const sub = await subscribed(person);
  await keepsToken(person);
  await orderFault('razorpay', fault);
  await goTo(after(sub.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ current_period_end: sub.current_period_end });
  await goTo(after(sub.current_period_end, 16 * 60));
  expect(await shownSubscription(sub)).toMatchObject({
    status: 'active',
    current_period_start: sub.current_period_end,
  });
  const payments = await paymentsOf(sub);
  expect(payments).toHaveLength(2);
  const attempts = await attemptsOf(payments[1]);
  expect(attempts).toMatchObject([{ status: 'captured' }]);
  const captures = (await eventsOf('razorpay', attempts[0].reference)).filter(({ body }) =>
    body.includes('payment.captured'),
  );
  expect(captures).toHaveLength(1);
  expect(await breaches()).toEqual([]);
});

test('a run that is killed between the intent and the gateway loses nothing and takes nothing twice', async () => {
  const sub = await subscribed(person);
  await keepsToken(person);
  await goTo(after(sub.current_period_end, -60));
  // The clock has run, and a worker has claimed the renewal and committed its intent, when it dies.
  advanceClock((Date.parse(sub.current_period_end) - Date.now()) / 1000 + 60);
  await runSchedule('sweep-timers');
  const context = { marketplace: 'homigo', now: new Date() };
  const [claim] = await asOwner(sql`
    with caller as (select app.set_context(${context}::jsonb))
    select c.claimed as renewal from caller, lateral money.claim_renewals(10) as c (claimed)
    where c.claimed ->> 'subscription_id' = ${sub.id}`);
  const wish = {
    purpose: 'subscription',
    subject_id: sub.id,
    payment_method_id: claim.renewal.method_id,
    gateways: ['razorpay', 'paytm'],
    capture: 'now',
    options: {},
  };
  await asOwner(sql`
    with caller as (select app.set_context(${context}::jsonb))
    select money.open_payment_of(${person.id}::uuid, ${wish}::jsonb) from caller`);
  // At once nobody else takes it.
  await runTwice();
  expect((await paymentsOf(sub))[1]).toMatchObject({ status: 'pending' });
  await goTo(after(sub.current_period_end, 10 * 60));
  expect(await shownSubscription(sub)).toMatchObject({
    status: 'active',
    current_period_start: sub.current_period_end,
  });
  const payments = await paymentsOf(sub);
  expect(payments.map(({ status }) => status)).toEqual(['succeeded', 'succeeded']);
  expect(await attemptsOf(payments[1])).toHaveLength(1);
  expect(await breaches()).toEqual([]);
});

test('clocks that stood still for two months do what is due, once', async () => {
  const sub = await subscribed(person);
  await keepsToken(person);
  await goTo(after(sub.current_period_end, 40 * DAY));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'expired' });
  expect(await paymentsOf(sub)).toHaveLength(1);
});

test('a closed account is not charged', async () => {
  const sub = await subscribed(person);
  await keepsToken(person);
  await asOwner(sql`
    update identity.users set account_status = 'banned' where id = ${person.id}::uuid returning id`);
  await goTo(after(sub.current_period_end, -2 * DAY));
  await goTo(after(sub.current_period_end, HOUR));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'cancelled' });
  expect(await paymentsOf(sub)).toHaveLength(1);
});
