import * as z from 'zod/mini';
import { count, flag, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';

const Invariant = z.object({
  name: text(1, 60, 'ledger_sums_to_zero'),
  description: text(1, 300, 'All accounts of a marketplace sum to zero in each currency.'),
  breaches: count(0, 2_147_483_647, 0),
  /** The first ten breaches. */
  examples: z.array(
    z.record(z.string(), z.unknown()).check(z.meta({ examples: [{ currency: 'USD', amount: 7 }] })),
  ),
});

/** Checks what must always hold of the marketplace's money. Without `since` it reads the whole ledger. */
export const showInvariants = useCase({
  route: 'GET /api/v1/admin/invariants',
  summary: 'Check the invariants of money',
  access: permitted('money.read'),
  input: z.strictObject({ since: z.optional(instant) }),
  output: z.object({ checked_at: instant, holds: flag, invariants: z.array(Invariant) }),
  async run({ since = null }, { db, now }) {
    const invariants = await db.many(
      sql`select * from money.check_invariants(${since}::timestamptz)`,
      Invariant,
    );
    const holds = invariants.every(({ breaches }) => breaches === 0);
    return { checked_at: now.toISOString(), holds, invariants };
  },
});

export const handler = http(showInvariants);
