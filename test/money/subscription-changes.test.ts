import { beforeEach, expect, test } from 'vitest';
import { advanceClock } from '../support/clock.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { topUp } from './ledger.ts';
import { breaches, postedFor } from './pay.ts';
import {
  after,
  back,
  chargesOf,
  DAY,
  goTo,
  HOUR,
  hasBenefit,
  paid,
  shownSubscription,
  subscribed,
  toldOf,
} from './subscribers.ts';

let person: Person;
beforeEach(async () => {
  person = await signUpWithPassword('homigo', { roles: ['tenant', 'host'] });
});
const path = (subscription: { id: string }, verb = '') => `/api/v1/subscriptions/${subscription.id}${verb}`;
const change = (subscription: { id: string }, plan: string, more: Record<string, unknown> = {}) =>
  person.post(path(subscription, '/change'), { plan, ...more });
const secondsBetween = (from: string, to: string) =>
  (new Date(to).getTime() - new Date(from).getTime()) / 1000;

test('a plan that costs more begins at once, less exactly what is not used of the present period', async () => {
  const sub = await subscribed(person);
  const { current_period_start: from, current_period_end: to } = sub;
  advanceClock(10 * DAY + 3 * HOUR + 17);
  person = await back(person);
  const { body: quote } = await person.get(path(sub, '/change?plan=host_premium'));
  const unused = (amount: number) => (at: string) => {
    const micros = (text: string) =>
      BigInt(Date.parse(text)) * 1000n + BigInt(text.match(/\.\d{3}(\d{3})/)?.[1] ?? 0);
    return Number((BigInt(amount) * (micros(to) - micros(at))) / (micros(to) - micros(from)));
  };
  expect(quote).toMatchObject({ plan: 'host_premium', price: 149_900, is_immediate: true });
  expect(quote.credit).toBe(unused(99_900)(quote.starts_at));
  expect(quote.amount_due).toBe(149_900 - quote.credit);

  const { body } = await change(sub, 'host_premium');
  const [, charge] = await chargesOf(sub);
  expect(charge).toMatchObject({ kind: 'change', status: 'open', price: 149_900 });
  expect(charge.credit).toBe(unused(99_900)(charge.period_start));
  expect(body.payment).toMatchObject({ amount: 149_900 - charge.credit, status: 'pending' });
  // Until it is paid for nothing has changed.
  expect(body.subscription).toMatchObject({ plan: 'tenant_premium', amount_due: body.payment.amount });
  expect(await hasBenefit(person, 'analytics')).toBe(false);
  // Asked again it is the same.
  expect((await change(sub, 'host_premium')).body.payment.id).toBe(body.payment.id);

  await paid('homigo', body.payment);
  const changed = await shownSubscription(sub);
  expect(changed).toMatchObject({
    plan: 'host_premium',
    role: 'host',
    status: 'active',
    amount: 149_900,
    current_period_start: charge.period_start,
    amount_due: null,
  });
  expect(
    Math.round(secondsBetween(changed.current_period_start, changed.current_period_end) / DAY),
  ).toBeGreaterThan(27);
  expect(await hasBenefit(person, 'analytics')).toBe(true);
  expect(await hasBenefit(person, 'advanced_filters')).toBe(false);
  expect(await postedFor(body.payment)).toMatchObject({
    subscription: { held: -body.payment.amount, platform_revenue: body.payment.amount },
  });
  const [first] = await chargesOf(sub);
  expect(first.period_end).toBe(charge.period_start);
  expect(await breaches()).toEqual([]);
});

test('a plan that costs less begins with the next period, and the way back costs nothing', async () => {
  const sub = await subscribed(person, 'host_premium');
  expect((await change(sub, 'tenant_premium')).body).toEqual({
    payment: null,
    subscription: expect.objectContaining({
      plan: 'host_premium',
      next_plan: 'tenant_premium',
      next_amount: 99_900,
    }),
  });
  expect((await change(sub, 'tenant_premium')).body.code).toBe('same_plan');
  expect(await person.post('/api/v1/subscriptions/purchase', { plan: 'tenant_premium' })).toMatchObject({
    status: 409,
    body: { code: 'already_subscribed' },
  });
  expect((await change(sub, 'host_premium')).body.subscription).toMatchObject({
    next_plan: null,
    next_amount: 149_900,
  });
  await change(sub, 'tenant_premium');

  // The reminder names the new price, and what is paid then is for the new plan.
  await goTo(after(sub.current_period_end, -2 * DAY));
  expect(await shownSubscription(sub)).toMatchObject({ plan: 'host_premium', amount_due: 99_900 });
  person = await back(person);
  const { body: payment } = await person.post('/api/v1/payments/initiate', { subscription_id: sub.id });
  expect(payment.amount).toBe(99_900);
  await paid('homigo', payment);
  expect(await shownSubscription(sub)).toMatchObject({ plan: 'host_premium', amount_due: null });
  expect((await change(sub, 'host_premium')).body.code).toBe('renewal_paid');
  await goTo(after(sub.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({
    plan: 'tenant_premium',
    role: 'tenant',
    amount: 99_900,
    next_plan: null,
    current_period_start: sub.current_period_end,
  });
  expect(await breaches()).toEqual([]);
});

test('a change that nobody pays for within an hour has lapsed, and what comes in later is given back', async () => {
  const sub = await subscribed(person);
  const { payment } = (await change(sub, 'host_premium')).body;
  await goTo(after(sub.current_period_start, 2 * HOUR));
  expect((await chargesOf(sub)).map(({ status }) => status)).toEqual(['paid', 'void']);
  await paid('homigo', payment);
  expect(await shownSubscription(sub)).toMatchObject({ plan: 'tenant_premium', amount_due: null });
  person = await back(person);
  expect((await person.get(`/api/v1/payments/${payment.id}`)).body).toMatchObject({
    status: 'cancelled',
    refunds: [{ reason: 'paid_too_late', status: 'succeeded' }],
  });
});

test('two changes at once, and one that is paid from the wallet, change once', async () => {
  const sub = await subscribed(person);
  await topUp(person.id, 300_000, 'homigo', 'INR');
  const answers = await Promise.all([1, 2].map(() => change(sub, 'host_premium', { use_wallet: true })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('same_plan');
  expect((await chargesOf(sub)).map(({ kind, status }) => [kind, status])).toEqual([
    ['start', 'paid'],
    ['change', 'paid'],
  ]);
  await deliverEvents();
  expect(await breaches()).toEqual([]);
});

test('what is cancelled lasts as long as it is paid for, and can be resumed before', async () => {
  const sub = await subscribed(person);
  const { body } = await person.post(path(sub, '/cancel'));
  expect(body).toMatchObject({ status: 'active', cancel_at_period_end: true, next_amount: null });
  expect((await person.post(path(sub, '/cancel'))).body).toMatchObject({ cancel_at_period_end: true });
  expect((await change(sub, 'host_premium')).body.code).toBe('subscription_ending');
  expect(await hasBenefit(person, 'advanced_filters')).toBe(true);
  expect((await person.post(path(sub, '/resume'))).body).toMatchObject({
    cancel_at_period_end: false,
    next_amount: 99_900,
  });
  await person.post(path(sub, '/cancel'));
  await goTo(after(sub.current_period_end, -2 * DAY));
  expect(await chargesOf(sub)).toHaveLength(1);
  // Ended on the moment, before its clock has run.
  advanceClock((Date.parse(sub.current_period_end) - Date.now()) / 1000 - 1);
  expect(await hasBenefit(person, 'advanced_filters')).toBe(true);
  advanceClock(1);
  expect(await hasBenefit(person, 'advanced_filters')).toBe(false);
  await goTo(after(sub.current_period_end, 60));
  expect(await shownSubscription(sub)).toMatchObject({ status: 'cancelled', amount_due: null });
  person = await back(person);
  for (const verb of ['/cancel', '/resume', '/change'])
    expect(
      await person.post(path(sub, verb), verb === '/change' ? { plan: 'host_premium' } : undefined),
    ).toMatchObject({
      status: 409,
      body: { code: 'subscription_ended' },
    });
  expect(await toldOf(person)).toEqual(expect.arrayContaining(['subscription_ending', 'subscription_ended']));
});

test('a change is refused for a role that is taken or missing, and while nothing is paid for', async () => {
  const sub = await subscribed(person);
  const host = await subscribed(person, 'host_premium');
  expect(await change(sub, 'host_premium')).toMatchObject({
    status: 409,
    body: { code: 'already_subscribed' },
  });
  expect((await change(sub, 'gold')).body.code).toBe('plan_not_offered');
  expect((await change(sub, 'tenant_premium')).body.code).toBe('same_plan');
  await goTo(after(host.current_period_end, 60));
  person = await back(person);
  expect(await change(sub, 'tenant_premium')).toMatchObject({
    status: 409,
    body: { code: 'subscription_not_active' },
  });
  await runSchedule('sweep-timers');
});
