import * as z from 'zod/mini';
import { amount, currency } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const Debt = z.object({ amount, currency });

/** Shows what the caller owes: for bookings that were not paid for in full, and of earnings that had to be taken back. */
export const showDebt = useCase({
  route: 'GET /api/v1/debt',
  summary: 'Show what the caller owes',
  access: signedIn(),
  input: z.strictObject({}),
  output: Debt,
  run: (_, { db }) =>
    db.one(
      sql`select d.* from jsonb_to_record(money.show_my_debt()) as d (amount bigint, currency text)`,
      Debt,
    ),
});

export const handler = http(showDebt);
