import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Cash } from './cash.ts';

/** Shows the provider of a booking what its customer is to give in cash. */
export const showCash = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/cash',
  summary: 'Show what a customer pays in cash',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: Cash,
  async run({ booking_id }, { db }) {
    const { cash } = await db.one(
      sql`select money.show_cash(${booking_id}::uuid) as cash`,
      z.object({ cash: z.nullable(Cash) }),
    );
    if (cash === null) throw new Refusal(common.not_found);
    return cash;
  },
});

export const handler = http(showCash);
