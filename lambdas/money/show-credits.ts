import * as z from 'zod/mini';
import { currency, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { exponentOf } from './currencies.ts';
import { balance, credits } from './money.ts';

const Row = z.object({ balance: z.int(), total_earned: z.int(), total_spent: z.int(), updated_at: instant });

/** Shows the caller's credits, and what they are worth when they are spent: one credit is one unit of the currency. */
export const showCredits = useCase({
  route: 'GET /api/v1/credits',
  summary: 'Show my credits',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({
    balance: credits,
    total_earned: credits,
    total_spent: credits,
    /** In minor units. */
    value_amount: balance,
    currency,
    updated_at: instant,
  }),
  async run(_input, { db, actor, marketplace }) {
    const row = await db.one(
      sql`
        select b.balance, b.total_in as total_earned, b.total_out as total_spent, b.moved_at as updated_at
        from money.accounts a join money.balances b on b.account_id = a.id
        where a.owner_id = ${actor}::uuid and a.kind = 'credits'`,
      Row,
    );
    const value_amount = row.balance * 10 ** exponentOf(marketplace.currency);
    return { ...row, value_amount, currency: marketplace.currency };
  },
});

export const handler = http(showCredits);
