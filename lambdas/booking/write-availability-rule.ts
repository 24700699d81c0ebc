import type * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { Ground, type NewRule, Rule, ruleRefusals } from './availability.ts';

const YEAR = 366 * 86_400_000;

/** Expands a rule of the caller's resource and writes it, a new one when `rule` is null. Two trips. */
export async function writeRule(
  db: Database,
  now: Date,
  resource: string,
  rule: string | null,
  draft: z.output<typeof NewRule>,
): Promise<z.output<typeof Rule>> {
  const { time_zone, until } = await db.one(
    sql`
      select time_zone, booking.horizon() + interval '35 days' as until
      from booking.resources
      where id = ${resource}::uuid`,
    Ground,
  );
  const details = { ...draft, recurrence_rule: normalise(draft.recurrence_rule) };
  const [start, end] = [draft.start_time, draft.end_time].map(time => Date.parse(`${time}Z`)) as [
    number,
    number,
  ];
  if (end <= start) throw new Refusal(ruleRefusals.availability_rules_valid_time_range_check);
  if (end - start > YEAR) throw new Refusal(ruleRefusals.availability_rules_length_check);
  if (start < now.getTime() - 10 * YEAR || start > now.getTime() + 2 * YEAR) {
    throw new Refusal(ruleRefusals.start_out_of_range);
  }
  // Loaded by whoever writes a rule only.
  const { expandRule, isDayRule } = await import('./availability-recurrence.ts');
  if (details.recurrence_rule !== null && !isDayRule(details.recurrence_rule)) {
    throw new Refusal(ruleRefusals.recurrence_not_supported);
  }
  const since = now.getTime() - (end - start) - 86_400_000;
  const { times, expanded_until } = expand();
  const ahead = times.filter(([, ends]) => Date.parse(ends) > now.getTime());
  if (ahead.length === 0 && expanded_until === 'infinity') throw new Refusal(ruleRefusals.never_applies);
  return db.one(
    sql`
      select * from booking.save_rule(${resource}::uuid, ${rule}::uuid, ${details}::jsonb, ${ahead}::jsonb,
        ${expanded_until}::timestamptz)`,
    Rule,
  );

  function expand() {
    try {
      return expandRule(details, time_zone, since, Date.parse(until));
    } catch (cause) {
      throw cause instanceof RangeError ? new Refusal(ruleRefusals.never_applies, { cause }) : cause;
    }
  }
}

const normalise = (rule: string | null) =>
  rule === null
    ? null
    : rule
        .toUpperCase()
        .replace(/^RRULE:/, '')
        .replace(/;$/, '');
