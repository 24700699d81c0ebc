import * as z from 'zod/mini';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

/** Providers of one statement: some tens of thousands of entries, within a second or two. */
const BATCH = 500;
/** Milliseconds after which the rest is left to the next run. */
const PATIENCE = 240_000;

const Built = z.object({ looked_at: z.int(), built: z.int() });

/**
 * Builds the payouts of a period that is over, some hundred providers at a time. What a run was cut off from, the next hour's
 * goes on with. Sending is the queue's work, or the staff's.
 */
export const handler = schedule({
  name: 'run-payouts',
  expression: 'cron(20 * * * ? *)',
  zone: 'each_marketplace',
  summary: 'Pay providers for the period that is over',
  timeout: 300,
  nudge: nudgeRelay,
  async run({ db }) {
    const stopAt = performance.now() + PATIENCE;
    const total = { looked_at: 0, built: 0, finished: 0 };
    while (performance.now() < stopAt) {
      const { run_id } = await db.one(
        sql`select money.open_payout_run() as run_id`,
        z.object({ run_id: z.nullable(z.uuid()) }),
      );
      if (run_id === null) return total;
      for (let more = true; more && performance.now() < stopAt; ) {
        const { looked_at, built } = await db.one(
          sql`select looked_at, built from money.build_payouts(${run_id}::uuid, ${BATCH}::integer)`,
          Built,
        );
        total.looked_at += looked_at;
        total.built += built;
        more = looked_at > 0;
        if (!more) total.finished += 1;
      }
    }
    return total;
  },
});
