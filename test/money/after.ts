import { sql } from '../../lambdas/kernel/sql.ts';
import { placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import type { Person } from '../support/people.ts';
import { act } from './gateways/providers.ts';
import { platformBalances, post } from './ledger.ts';
import { attemptsOf, CARD, completed, initiated, tell } from './pay.ts';

/** A booking of $11.50 that is paid by card: 1000 for the host, 150 for the platform. */
export async function paid(driver: Person, host: Person, changes: Record<string, unknown> = {}) {
  const booking = await placed(driver, host, { payment_timeout: 900, ...changes });
  return { booking, payment: await initiated(driver, booking, CARD) };
}

/** The same, taken and shared out since the booking is over. */
export async function over(driver: Person, host: Person, changes: Record<string, unknown> = {}) {
  const made = await paid(driver, host, changes);
  await complete(made.booking);
  return made;
}

export const complete = (booking: { id: string }) => completed('driveway', booking);

export const REASON = 'The driveway was blocked for half of the time.';

/** What staff ask for. */
export const refund = (staff: Person, payment: { id: string }, wish: Record<string, unknown>) =>
  staff.post(`/api/v1/admin/payments/${payment.id}/refunds`, { reason: REASON, ...wish });

/** Refunds of a payment as the books have them, the oldest first. */
export const refundsOf = (payment: { id: string }) =>
  asOwner(sql`
    select id, method, amount, reason, status, reference, failure_code from money.refunds
    where payment_id = ${payment.id}::uuid order by id`);

/** The reference of a payment at its gateway. */
export const referenceOf = async (payment: { id: string }): Promise<string> =>
  String((await attemptsOf(payment)).at(-1)?.reference);

/** Lets a dispute of a payment begin, and returns its reference once we have heard of it. */
export async function disputed(payment: { id: string }): Promise<string> {
  const reference = await referenceOf(payment);
  const { id } = await act('stripe', reference, 'dispute');
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  return id;
}

/** Lets the bank decide a dispute. */
export async function decided(reference: string, outcome: 'win' | 'lose') {
  await act('stripe', reference, outcome);
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
}

/** Pays all that a provider has earned out, as a payout does. */
export async function paidOut(provider: Person, amount: number) {
  await post({
    type: 'payout',
    entries: [
      { account: 'provider_payable', user_id: provider.id, amount: -amount },
      { account: 'gateway_clearing', gateway: 'stripe', amount },
    ],
  });
}

/** How much each account of the platform has moved while `work` ran. */
export async function movedBy(
  work: () => Promise<unknown>,
  marketplace = 'driveway',
): Promise<Record<string, number>> {
  const before = await platformBalances(marketplace);
  await work();
  const after = await platformBalances(marketplace);
  return Object.fromEntries(
    Object.entries(after)
      .map(([name, balance]): [string, number] => [name, balance - (before[name] ?? 0)])
      .filter(([, moved]) => moved !== 0),
  );
}

/** Leaves a card at Stripe for later, as its form does. */
export async function saveCard(driver: Person): Promise<void> {
  const started = await driver.post('/api/v1/payment-methods', {});
  const [setup = ''] = String(started.body.client.client_secret).split('_secret_');
  await act('stripe', setup, 'succeed');
  const { body } = await driver.post('/api/v1/payment-methods/refresh', {});
  if (body.items?.length !== 1) throw new Error('The card was not saved.');
}
