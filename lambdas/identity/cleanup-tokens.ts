import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

const BATCH = 5_000;

const Cleaned = z.object({ target: z.string(), removed: z.int() });

/**
 * Removes what has served its time: expired tokens and codes, ended sessions, old idempotency keys, full buckets, settled
 * timers. In batches, so that no statement holds many locks; what a run leaves is taken by the next.
 */
export const handler = schedule({
  name: 'cleanup-tokens',
  expression: 'cron(0 2 * * ? *)',
  summary: 'Remove expired tokens, codes, sessions and idempotency keys',
  timeout: 300,
  async run({ db }) {
    const stopAt = performance.now() + 240_000;
    const total: Record<string, number> = {};
    for (let more = true; more && performance.now() < stopAt; ) {
      const rows = await db.many(
        sql`select target, removed from identity.cleanup_expired_tokens(${BATCH}::integer)
            union all select target, removed from app.cleanup(${BATCH}::integer)`,
        Cleaned,
      );
      for (const { target, removed } of rows) total[target] = (total[target] ?? 0) + removed;
      more = rows.some(({ removed }) => removed === BATCH);
    }
    return total;
  },
});
