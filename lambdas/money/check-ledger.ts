import * as z from 'zod/mini';
import { log } from '../kernel/log.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

const DAY = 24 * 3600 * 1000;

const Invariant = z.object({ name: z.string(), breaches: z.int(), examples: z.array(z.unknown()) });

/**
 * Takes what was posted into the rollups, and checks what must always hold of everybody's money: all balances together, and
 * one by one what moved within a day. The alarm watches `breaches`.
 */
export const handler = schedule({
  name: 'check-ledger',
  expression: 'rate(1 hour)',
  summary: 'Roll the ledger up and check its invariants',
  timeout: 120,
  metrics: { MoneyInvariantsBroken: 'breaches' },
  async run({ db, now }) {
    const { rolled_up } = await db.one(
      sql`select money.roll_up() as rolled_up`,
      z.object({ rolled_up: z.int() }),
    );
    const since = new Date(now.getTime() - DAY).toISOString();
    const invariants = await db.many(
      sql`select name, breaches, examples from money.check_invariants(${since}::timestamptz)`,
      Invariant,
    );
    const broken = invariants.filter(({ breaches }) => breaches > 0);
    for (const { name, examples } of broken) log.error('an invariant of money is broken', { name, examples });
    return { rolled_up, breaches: broken.reduce((sum, { breaches }) => sum + breaches, 0) };
  },
});
