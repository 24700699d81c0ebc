import * as z from 'zod/mini';
import { log } from '../kernel/log.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { renew } from './tesla-tokens.ts';

/** Accounts of one claim: they are refreshed at the same time, well within the two minutes that a claim lasts. */
const BATCH = 20;

const Claimed = z.object({ user_id: z.uuid(), refresh_token_sealed: z.string() });

/** Refreshes tokens two hours before they expire, so that a person's next call finds them fresh. */
export const handler = schedule({
  name: 'refresh-tesla-tokens',
  expression: 'rate(30 minutes)',
  summary: 'Refresh the tokens of linked Tesla accounts',
  timeout: 300,
  metrics: { TeslaRefreshesFailed: 'failed' },
  needs: ['tesla', 'sealing'],
  nudge: nudgeRelay,
  async run({ db, now }) {
    const stopAt = performance.now() + 240_000;
    const total = { refreshed: 0, failed: 0 };
    while (performance.now() < stopAt) {
      const claimed = await db.many(
        sql`select user_id, refresh_token_sealed from identity.claim_tesla_tokens(${BATCH}::integer)`,
        Claimed,
      );
      const results = await Promise.all(
        claimed.map(({ user_id, refresh_token_sealed }) => renew(db, user_id, refresh_token_sealed, now)),
      );
      for (const [index, result] of results.entries()) {
        total[typeof result === 'string' ? 'refreshed' : 'failed'] += 1;
        if (typeof result !== 'string')
          log.warn('a Tesla link could not be refreshed', {
            user_id: claimed[index]?.user_id,
            error: result.code,
          });
      }
      if (claimed.length < BATCH) break;
    }
    return total;
  },
});
