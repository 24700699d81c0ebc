import { randomUUID } from 'node:crypto';
import { sql } from '../../lambdas/kernel/sql.ts';
import { razorpayMethods } from '../../lambdas/money/gateways/razorpay-methods.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { Person, randomAddress } from '../support/people.ts';
import { act } from './gateways/providers.ts';
import { attemptsOf, tell } from './pay.ts';

export const PURCHASE = '/api/v1/subscriptions/purchase';
export const HOUR = 3600;
export const DAY = 24 * HOUR;

/** Buys a plan. The answer's body, or a throw where it is not taken. */
export async function bought(person: Person, plan = 'tenant_premium', more: Record<string, unknown> = {}) {
  const answer = await person.post(PURCHASE, { plan, ...more });
  if (answer.status !== 201) throw new Error(`The purchase was answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** The person pays in the gateway's form, and the gateway tells. */
export async function paid(marketplace: string, payment: { id: string }, outcome = 'succeed') {
  const attempt = (await attemptsOf(payment)).find(({ is_current }) => is_current);
  await act(attempt.gateway, attempt.reference, outcome);
  await tell(attempt.gateway, marketplace, attempt.reference);
  await deliverEvents();
}

/** Somebody's plan, bought and paid for in the gateway's form. */
export async function subscribed(person: Person, plan = 'tenant_premium') {
  const { payment, subscription } = await bought(person, plan);
  await paid(person.marketplace, payment);
  return shownSubscription(subscription);
}

/** As the table has it: tests look at times at which nobody's session lives any more. */
export async function shownSubscription(subscription: { id: string }) {
  const [row] = await asOwner(sql`
    select s.* from money.shown_subscriptions s where s.id = ${subscription.id}::uuid`);
  return row;
}

export const chargesOf = (subscription: { id: string }) =>
  asOwner(sql`
    select c.* from money.subscription_charges c where c.subscription_id = ${subscription.id}::uuid order by c.id`);

/** Goes to a moment, lets clocks and renewals run, and carries what they wrote. */
export async function goTo(moment: string | Date, marketplace = 'homigo') {
  advanceClock((new Date(moment).getTime() - Date.now()) / 1000);
  await runSchedule('sweep-timers');
  await runSchedule('renew-subscriptions', { marketplace });
  await deliverEvents();
}

/** A moment some seconds from another. */
export const after = (moment: string, seconds: number) =>
  new Date(new Date(moment).getTime() + seconds * 1000).toISOString();

/** Names of the messages that a person was written, in their order. */
export const toldOf = async (person: Person): Promise<string[]> =>
  (
    await asOwner(sql`
      select m.template from notify.messages m where m.user_id = ${person.id}::uuid order by m.id`)
  ).map(({ template }) => template);

/** Whether a person has a benefit now. */
export async function hasBenefit(person: Person, benefit: string): Promise<boolean> {
  const context = { marketplace: person.marketplace, now: new Date() };
  const [row] = await asOwner(sql`
    with caller as (select app.set_context(${context}::jsonb))
    select money.has_benefit(${person.id}::uuid, ${benefit}) as has from caller`);
  return row.has;
}

/** The same person, signed in anew: after a month no session lives any more. */
export async function back(person: Person): Promise<Person> {
  const { marketplace, email, password } = person;
  const answer = await person.post('/api/v1/auth/login', { email, password }, { ip: randomAddress() });
  if (answer.status !== 200) throw new Error(`Signing in was answered ${answer.status}: ${answer.text}`);
  return new Person(marketplace, answer.body, email, password);
}

/**
 * A card that the person keeps at Razorpay, beside the session that has long ended: what it is charged for the bank lets through
 * `now`, `later`, when the test says so, or not at all (`declined`). Returns the token.
 */
export async function keepsToken(
  person: Person,
  debit: 'now' | 'later' | 'declined' = 'now',
): Promise<string> {
  const methods = razorpayMethods(person.marketplace);
  const contacts = { email: person.email, phone: '+919876543210' };
  const customer = await methods.createCustomer({ reference: person.id, key: person.id, ...contacts });
  const setup = await methods.startSetup(customer.reference, randomUUID());
  await act('razorpay', setup.reference, 'succeed', { debit });
  const [kept] = await methods.list(customer.reference);
  await asOwner(sql`
    insert into money.gateway_customers (marketplace, user_id, gateway, reference)
    values (${person.marketplace}, ${person.id}::uuid, 'razorpay', ${customer.reference})
    on conflict on constraint gateway_customers_user_id_key do update set reference = excluded.reference returning id`);
  await asOwner(sql`
    insert into money.payment_methods as m (marketplace, user_id, gateway, reference, type, is_default)
    values (${person.marketplace}, ${person.id}::uuid, 'razorpay', ${kept?.reference ?? ''}, 'card', true)
    on conflict (user_id) where is_default do update set reference = excluded.reference returning m.id`);
  return kept?.reference ?? '';
}
