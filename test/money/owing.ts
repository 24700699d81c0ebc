import { advanceClock } from '../support/clock.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import type { Person } from '../support/people.ts';
import { referenceOf } from './after.ts';
import { act } from './gateways/providers.ts';
import { CARD, tell } from './pay.ts';

/** The bank lets go of what a card had reserved, and nobody tells. */
export const letGo = async (payment: { id: string }) => act('stripe', await referenceOf(payment), 'lapse');

/** The same, and Stripe tells. */
export async function lapsed(payment: { id: string }): Promise<void> {
  await letGo(payment);
  await tell('stripe', 'driveway', await referenceOf(payment));
  await deliverEvents();
}

/** Lets so many seconds pass, and what is due by then happen. */
export async function sweep(seconds = 0): Promise<void> {
  advanceClock(seconds);
  await runSchedule('sweep-timers');
  await deliverEvents();
}

export const debtOf = async (person: Person): Promise<number> =>
  (await person.get('/api/v1/debt')).body.amount;

/** Pays all that somebody owes by card, and lets those have theirs who have waited for it. */
export async function paysDebt(person: Person): Promise<void> {
  const { status, body } = await person.post('/api/v1/debt/payments', CARD);
  if (body.status !== 'succeeded')
    throw new Error(`The debt was not paid: ${status} ${JSON.stringify(body)}`);
  await sweep();
}
