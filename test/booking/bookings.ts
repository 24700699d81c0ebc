import { randomUUID } from 'node:crypto';
import { type Statement, sql } from '../../lambdas/kernel/sql.ts';
import { driveway } from '../../marketplaces/driveway.ts';
import { fromNow } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import type { Person } from '../support/people.ts';

/** The policy of parking at Driveway-Hub, which most bookings here are made under. */
export const POLICY = driveway.policies.parking;

/** A moment some minutes from now, as the API writes it. */
export const inMinutes = (minutes: number) => fromNow(minutes * 60_000);

/** Whom a function of the database acts for: somebody, or the system of a marketplace. */
const contextOf = (caller: Person | string) => {
  const now = new Date().toISOString();
  if (typeof caller === 'string') return { marketplace: caller, access: 'everyone', now };
  const claims = Buffer.from(caller.token?.split('.')[1] ?? '', 'base64url').toString();
  const { marketplace, id: actor } = caller;
  return { marketplace, actor, session: JSON.parse(claims).sid, access: 'signed_in', now };
};

/** Runs a statement for somebody, or for the system of a marketplace, with the owner's rights. Throws what was refused. */
export const actAs = (caller: Person | string, statement: Statement) => asOwner(statement, contextOf(caller));

/** The call of `booking.place` for what `details` makes, which a statement has as the first of its values. */
export const PLACE = `booking.place(
  jsonb_populate_record(null::booking.bookings, $1->0), ($1->0->>'capacity')::integer, ($1->0->>'instant')::boolean,
  ($1->0->>'request_timeout')::integer, ($1->0->>'payment_timeout')::integer, $1->0->>'promo_code', ($1->0->>'service_id')::uuid)`;

/** What a module tells `booking.place` of a booking for two hours in a day's time, with some of it changed. */
export function details(provider: Person, changes: Record<string, unknown> = {}) {
  return {
    module: 'parking',
    resource_id: randomUUID(),
    resource_name: 'Driveway near Dolores Park',
    capacity: 1,
    provider_id: provider.id,
    starts_at: inMinutes(24 * 60),
    ends_at: inMinutes(26 * 60),
    time_zone: 'America/Los_Angeles',
    instant: true,
    request_timeout: 24 * 3600,
    policy: POLICY,
    location: 'POINT(-122.42 37.76)',
    ...priceOf(1000, 150),
    ...changes,
  };
}

/** A price of two lines, in cents, and one more of what a promo code takes off. */
export const priceOf = (subtotal: number, fee: number, discount = 0) => ({
  line_items: [
    line('parking', subtotal, 'provider'),
    line('service_fee', fee, 'platform'),
    ...(discount === 0 ? [] : [line('promo_discount', -discount, 'promo')]),
  ],
  currency: 'USD',
  subtotal_amount: subtotal,
  fee_amount: fee,
  discount_amount: discount,
  total_amount: subtotal + fee - discount,
});

const line = (code: string, amount: number, payee: string) => ({
  code,
  description: code,
  quantity: 1,
  unit_amount: amount,
  amount,
  payer: 'customer',
  payee,
});

/** Places a booking as the functions of a module do. Throws what was refused. */
export async function placed(customer: Person, provider: Person, changes: Record<string, unknown> = {}) {
  const statement = { text: `select * from ${PLACE}`, values: [details(provider, changes)] };
  const [booking] = await actAs(customer, statement);
  return booking;
}

/** Moves a booking as the functions of a module do. Throws what was refused. */
export async function moved(
  customer: Person,
  booking: { id: string; version: number },
  changes: Record<string, unknown>,
) {
  const wanted = { capacity: 1, ...priceOf(1000, 150), ...changes };
  const [row] = await actAs(
    customer,
    sql`select * from booking.move(${booking.id}::uuid, ${wanted}::jsonb, ${booking.version}::integer)`,
  );
  return row;
}

/** Asks for another time of a booking as the functions of a module do. Throws what was refused. */
export async function moveRequested(
  customer: Person,
  booking: { id: string; version: number },
  changes: Record<string, unknown>,
) {
  const wanted = { capacity: 1, request_timeout: 24 * 3600, ...priceOf(1000, 150), ...changes };
  const [row] = await actAs(
    customer,
    sql`select * from booking.request_move(${booking.id}::uuid, ${wanted}::jsonb, ${booking.version}::integer)`,
  );
  return row;
}

/** Answers a request to move, or takes it back: `accept`, `decline` or `withdraw`. */
export const answerMove = (
  person: Person,
  how: string,
  booking: { id: string; move_request: { id: string } },
  more: Record<string, unknown> = {},
  headers: Record<string, string> = {},
) =>
  person.post(
    `/api/v1/bookings/${booking.id}/move-request/${how}`,
    { request_id: booking.move_request.id, ...more },
    { headers },
  );

/** Tells a booking what its payment has come to, as the functions of money do. */
export async function settled(marketplace: string, booking: { id: string }, status: string) {
  const [row] = await actAs(
    marketplace,
    sql`select * from booking.settle_payment(${booking.id}::uuid, ${status}::text)`,
  );
  return row;
}

/** Takes a booking a step as a function of a module does. Throws what was refused. */
export async function stepped(
  caller: Person | string,
  booking: { id: string },
  status: string,
  proof: Record<string, unknown> | null = null,
) {
  const [row] = await actAs(
    caller,
    sql`select * from booking.transition(${booking.id}::uuid, ${status}::text, proof => ${proof}::jsonb)`,
  );
  return row;
}

/** Which times a booking occupies, of which resource, oldest first. */
export const reservationsOf = (booking: { id: string }) =>
  asOwner(
    sql`select resource_id, unit, kind, lower(during) as from, upper(during) as to
        from booking.reservations where booking_id = ${booking.id}::uuid order by resource_id`,
  );

/** Names of the events of a booking, in their order. */
export const eventsOf = async (booking: { id: string }): Promise<string[]> => {
  const rows = await asOwner(
    sql`select type from app.outbox where payload ->> 'booking_id' = ${booking.id}::text order by id`,
  );
  return rows.map(row => row.type);
};
