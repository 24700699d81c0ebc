import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { breaches } from './pay.ts';
import {
  after,
  bought,
  chargesOf,
  goTo,
  hasBenefit,
  paid,
  shownSubscription,
  subscribed,
  toldOf,
} from './subscribers.ts';

let staff: Person;
let person: Person;
beforeAll(async () => {
  staff = await signUpStaff('homigo');
  person = await signUp('homigo', { roles: ['tenant', 'host'] });
});

async function refunded(payment: { id: string }, amount: number) {
  const body = { amount, reason: 'The person had asked for it in time.' };
  const answer = await staff.post(`/api/v1/admin/payments/${payment.id}/refunds`, body);
  if (answer.status !== 201) throw new Error(`The refund was answered ${answer.status}: ${answer.text}`);
  await deliverEvents();
}

test('a part that staff give back leaves a subscription as it is, and the whole ends it at once', async () => {
  const { subscription, payment } = await bought(person);
  await paid('homigo', payment);
  await refunded(payment, 10_000);
  expect(await shownSubscription(subscription)).toMatchObject({ status: 'active' });
  expect(await hasBenefit(person, 'advanced_filters')).toBe(true);
  expect(await breaches()).toEqual([]);

  await refunded(payment, 89_900);
  expect(await shownSubscription(subscription)).toMatchObject({
    status: 'cancelled',
    ended_at: expect.any(String),
    amount_due: null,
  });
  expect((await chargesOf(subscription)).map(({ status }) => status)).toEqual(['refunded']);
  expect(await hasBenefit(person, 'advanced_filters')).toBe(false);
  expect(await toldOf(person)).toContain('subscription_ended');
  expect(await breaches()).toEqual([]);
  // Nothing stands in the way of another.
  expect(await subscribed(person)).toMatchObject({ status: 'active' });
});

test('a pass that is given back in full covers nothing any more', async () => {
  const { pass, payment } = (await person.post('/api/v1/passes/purchase', { product: 'premium_listing' }))
    .body;
  await paid('homigo', payment);
  await refunded(payment, 99_900);
  expect((await person.get('/api/v1/passes')).body.items).toEqual([
    expect.objectContaining({ id: pass.id, status: 'cancelled' }),
  ]);
  expect(await breaches()).toEqual([]);
});

// A plan is a line of a marketplace's file: here it is one of the database's, since Handie sells none yet.
test('another marketplace sells plans as soon as it has some, with a record behind each payment', async () => {
  await asOwner(sql`
    insert into money.plans (marketplace, code, role, name, currency, amount, months)
    values ('handie', 'care', 'customer', 'Handie Care', 'INR', 19900, 2) returning code`);
  const customer = await signUp('handie', { roles: ['customer'] });
  const { subscription, payment } = await bought(customer, 'care');
  await paid('handie', payment);
  const [row] = await asOwner(sql`
    select t.payment_type, t.amount, t.status, s.status as subscription_status, s.plan
    from money.transactions t join money.payments p on p.id = t.payment_id
    join money.subscriptions s on s.id = p.subject_id
    where p.id = ${payment.id}::uuid and t.type = 'payment'`);
  expect(row).toEqual({
    payment_type: 'subscription',
    amount: 19_900,
    status: 'completed',
    subscription_status: 'active',
    plan: 'care',
  });
  const active = await shownSubscription(subscription);
  const [{ whole }] = await asOwner(sql`
    select (${active.current_period_end}::timestamptz at time zone 'Asia/Kolkata')
      = (${active.current_period_start}::timestamptz at time zone 'Asia/Kolkata') + interval '2 months' as whole`);
  expect(whole).toBe(true);
  await goTo(after(active.current_period_end, 8 * 24 * 3600), 'handie');
  expect(await shownSubscription(subscription)).toMatchObject({ status: 'expired' });
  await asOwner(sql`update money.plans set is_active = false where marketplace = 'handie' returning code`);
});
