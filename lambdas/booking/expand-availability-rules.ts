import * as z from 'zod/mini';
import { instant } from '../kernel/fields.ts';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { expandRule } from './availability-recurrence.ts';

/** Rules of one statement: each comes to some forty times, and the Data API takes 4 MiB. */
const BATCH = 200;

const Due = z.object({
  id: z.uuid(),
  version: z.int(),
  time_zone: z.string(),
  start_time: z.string(),
  end_time: z.string(),
  recurrence_rule: z.nullable(z.string()),
  except_dates: z.array(z.string()),
  since: instant,
  until: instant,
});

/**
 * Carries recurring rules on as the horizon moves. Where it did not run, nothing is booked further than rules are known, so a missed
 * run takes no booking into a time that its owner blocks.
 */
export const handler = schedule({
  name: 'expand-availability-rules',
  expression: 'cron(15 3 * * ? *)',
  zone: 'each_marketplace',
  summary: 'Expand availability rules to the horizon',
  timeout: 300,
  async run({ db }) {
    const stopAt = performance.now() + 240_000;
    let expanded = 0;
    while (performance.now() < stopAt) {
      const due = await db.many(sql`select * from booking.rules_due(${BATCH}::integer)`, Due);
      if (due.length === 0) break;
      const further = due.map(({ id, version, time_zone, since, until, ...rule }) => ({
        id,
        version,
        ...expandRule(rule, time_zone, Date.parse(since), Date.parse(until)),
      }));
      const { rules } = await db.one(
        sql`select rules from booking.extend_rules(${further}::jsonb) as rules`,
        z.object({ rules: z.int() }),
      );
      expanded += rules;
      if (due.length < BATCH) break;
    }
    return { expanded };
  },
});
