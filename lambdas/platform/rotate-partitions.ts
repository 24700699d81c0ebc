import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

const Change = z.object({ partition: z.string(), change: z.enum(['created', 'dropped']) });

/**
 * Makes partitions ahead of time and drops those that the policies no longer keep. Daily, so a missed run does no harm;
 * the alarm watches `fewest_ahead`, since there is no default partition that would hide a lack of them.
 */
export const handler = schedule({
  name: 'rotate-partitions',
  expression: 'cron(30 2 * * ? *)',
  summary: 'Rotate partitions',
  timeout: 300,
  metrics: { PartitionsAhead: 'fewest_ahead' },
  async run({ db }) {
    const changes: z.output<typeof Change>[] = [];
    for (;;) {
      // Each change in a transaction of its own: what it locks is free again before the next one.
      const made = await db.maybeOne(sql`select partition, change from app.rotate_partitions(1)`, Change);
      if (made === null) break;
      changes.push(made);
    }
    const { fewest_ahead } = await db.one(
      sql`select coalesce(min(ahead), 0) as fewest_ahead from app.partitions_ahead()`,
      z.object({ fewest_ahead: z.int() }),
    );
    return { changes, fewest_ahead };
  },
});
