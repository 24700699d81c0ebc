import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Cash } from './cash.ts';

/** Confirms that the booking's customer has given the caller, its provider, the cash. The provider owes the platform its fee then. */
export const receiveCash = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/cash-received',
  summary: 'Confirm that a booking was paid in cash',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Cash,
  refusals: { no_cash_due: refuse('no_cash_due', 409, 'Nothing of this booking is to be paid in cash.') },
  async run({ booking_id }, { db }) {
    const { cash } = await db.one(
      sql`select money.receive_cash(${booking_id}::uuid) as cash`,
      z.object({ cash: Cash }),
    );
    return cash;
  },
});

export const handler = http(receiveCash);
