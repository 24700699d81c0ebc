import * as z from 'zod/mini';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

const BATCH = 500;

const Watched = z.object({ looked_at: z.int(), warned: z.int(), lapsed: z.int() });

/**
 * Tells people 30, 7 and 1 days before a document of theirs runs out, and takes their standing back when it has. Search does not
 * wait for it: `verification.is_eligible` asks the day itself.
 */
export const handler = schedule({
  name: 'watch-expiry',
  expression: 'cron(0 9 * * ? *)',
  zone: 'each_marketplace',
  summary: 'Warn of documents that run out, and take back the standing of those that have',
  timeout: 300,
  nudge: nudgeRelay,
  async run({ db }) {
    const stopAt = performance.now() + 240_000;
    const total = { warned: 0, lapsed: 0 };
    for (let more = true; more && performance.now() < stopAt; ) {
      const { looked_at, warned, lapsed } = await db.one(
        sql`select looked_at, warned, lapsed from verification.watch_expiry(${BATCH}::integer)`,
        Watched,
      );
      total.warned += warned;
      total.lapsed += lapsed;
      more = looked_at === BATCH;
    }
    return total;
  },
});
