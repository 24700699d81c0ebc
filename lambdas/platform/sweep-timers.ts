import * as z from 'zod/mini';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

/** Timers of one statement: their handlers run inside it, so a sweep holds few locks for a short time. */
const BATCH = 200;

const Swept = z.object({ done: z.int(), failed: z.int() });

/** Calls the handlers of timers that are due. Stops when a sweep finds less than a full batch. */
export const handler = schedule({
  name: 'sweep-timers',
  expression: 'rate(1 minute)',
  metrics: { TimersFailed: 'failed' },
  summary: 'Sweep due timers',
  nudge: nudgeRelay,
  async run({ db }) {
    const total = { done: 0, failed: 0 };
    for (;;) {
      const swept = await db.many(sql`select done, failed from app.sweep_timers(${BATCH}::integer)`, Swept);
      const done = swept.reduce((sum, row) => sum + row.done, 0);
      const failed = swept.reduce((sum, row) => sum + row.failed, 0);
      total.done += done;
      total.failed += failed;
      if (done + failed < BATCH) return total;
    }
  },
});
