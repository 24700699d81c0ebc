import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

/** Makes partitions ahead of time and drops those that the policies no longer keep. Daily, so a missed run does no harm. */
export const handler = schedule({
  name: 'rotate-partitions',
  expression: 'cron(30 2 * * ? *)',
  summary: 'Rotate partitions',
  timeout: 300,
  async run({ db }) {
    const changes = await db.many(
      sql`select partition, change from app.rotate_partitions()`,
      z.object({ partition: z.string(), change: z.enum(['created', 'dropped']) }),
    );
    return { changes };
  },
});
