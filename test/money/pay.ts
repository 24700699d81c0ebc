import { sql } from '../../lambdas/kernel/sql.ts';
import type { GatewayName } from '../../lambdas/money/gateways/gateway.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { inMinutes, stepped } from '../booking/bookings.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import type { Person } from '../support/people.ts';
import { eventsOf as providerEventsOf } from './gateways/providers.ts';

export const INITIATE = '/api/v1/payments/initiate';
export const CARD = { payment_method: 'pm_card_visa' };

/** Two hours in two months. What is booked then is paid at once: no bank reserves money for that long. */
export const inTwoMonths = () => ({
  starts_at: inMinutes(60 * 24 * 60),
  ends_at: inMinutes(60 * 24 * 60 + 120),
});

/** Starts the payment of a booking. */
export const initiate = (payer: Person, booking: { id: string }, more: Record<string, unknown> = {}) =>
  payer.post(INITIATE, { booking_id: booking.id, ...more });

/** Starts the payment and expects it to be taken. */
export async function initiated(payer: Person, booking: { id: string }, more: Record<string, unknown> = {}) {
  const answer = await initiate(payer, booking, more);
  if (answer.status !== 201) throw new Error(`The payment was answered ${answer.status}: ${answer.text}`);
  return answer.body;
}

export const shown = async (payer: Person, payment: { id: string }) =>
  (await payer.get(`/api/v1/payments/${payment.id}`)).body;

export const bookingOf = async (person: Person, booking: { id: string }) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;

/** Takes a parking booking through its time to its end, and settles what it came to. */
export async function completed(marketplace: string, booking: { id: string }): Promise<void> {
  const { parking } = marketplaceOf(marketplace)?.flows ?? {};
  for (const status of [parking?.running, parking?.completed])
    await stepped(marketplace, booking, status ?? '');
  await deliverEvents();
}

/** The gateway's reference of a payment's first try. */
export const intentOf = async (payment: { id: string }): Promise<string> =>
  (await attemptsOf(payment))[0].reference;

/** Every try of a payment, the oldest first. */
export const attemptsOf = (payment: { id: string }) =>
  asOwner(sql`
    select id, gateway, reference, status, is_current, captured_amount, failure_code
    from money.payment_attempts where payment_id = ${payment.id}::uuid order by id`);

/** Hands the events of the gateway about a payment to the webhook, as the gateway does. Returns the answers' statuses. */
export async function tell(gateway: GatewayName, marketplace: string, reference: string): Promise<number[]> {
  const statuses: number[] = [];
  for (const { body, headers } of await providerEventsOf(gateway, reference)) {
    const options = { raw: body, headers };
    const answer = await anonymous(marketplace).post(`/api/v1/webhooks/${gateway}`, undefined, options);
    statuses.push(answer.status);
  }
  return statuses;
}

/** What the ledger has posted for a payment: by type of transfer, what each account got. */
export async function postedFor(payment: { id: string }): Promise<Record<string, Record<string, number>>> {
  const rows = await asOwner(sql`
    select t.type, a.kind || case when e.currency = 'XCR' then ' XCR' else '' end as kind, sum(e.amount)::bigint as amount
    from money.transfers t join money.entries e on e.transfer_id = t.id join money.accounts a on a.id = e.account_id
    where t.reference_id = ${payment.id}::uuid group by 1, 2`);
  const posted: Record<string, Record<string, number>> = {};
  for (const { type, kind, amount } of rows) posted[type] = { ...posted[type], [kind]: Number(amount) };
  return posted;
}

/** Breaches of what must always hold of the payments of this test's marketplace. */
export const breaches = async () =>
  (await asOwner(
    sql`select name, breaches, examples from money.check_invariants(null) where breaches > 0`,
  )) ?? [];
