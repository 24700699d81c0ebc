import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { Booking } from '../booking/booking.ts';
import type { Database } from '../kernel/database.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { moveReasons, throwReason, writeRefusals } from './reasons.ts';
import { checkExpectation, factsOf, MoveTerms, priceOf } from './terms.ts';

/** Where a booking would be moved to. What is null stays. */
export type Move = { booking_id: string; from: string | null; to: string | null };

/** The terms of a move, in one trip. */
export async function readMove(db: Database, { booking_id, from, to }: Move, basisPoints: number) {
  const { terms } = await db.one(
    sql`
      select parking.move_terms(${booking_id}::uuid, ${from}::timestamptz, ${to}::timestamptz, ${basisPoints}::integer) as terms`,
    z.object({ terms: MoveTerms }),
  );
  return terms;
}

/**
 * Moves a booking in place at the price of the new time, or asks for that where the owner agrees to each booking: then the booking
 * says so in its `move_request`. Two trips.
 */
export async function moveBooking(
  { db, marketplace }: { db: Database; marketplace: Marketplace },
  move: Move,
  expected: number | null,
) {
  const terms = await readMove(db, move, marketplace.fees.customer_basis_points);
  throwReason(terms.reasons);
  const price = priceOf(terms);
  checkExpectation(price, expected);
  const { starts_at, ends_at, booking } = terms;
  const details = {
    ...price,
    starts_at,
    ends_at,
    request_timeout: marketplace.timeouts.booking_request,
    facts: { ...booking.facts, ...factsOf(terms) },
  };
  return db.one(
    sql`
      select * from parking.move(${move.booking_id}::uuid, ${booking.version}::integer, ${terms.version}::integer,
        ${details}::jsonb)`,
    Booking,
  );
}

export const moveRefusals = {
  ...writeRefusals,
  ...moveReasons,
  booking_not_movable: refuse(
    'booking_not_movable',
    409,
    'This booking cannot be moved any more, or not yet.',
  ),
  version_conflict: refuse(
    'version_conflict',
    409,
    'The booking has changed in this moment. Look at it again.',
  ),
};
