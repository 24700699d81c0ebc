import * as z from 'zod/mini';
import { count, day, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

/** Wall time of a resource's zone, without an offset. Leaves with seconds: `2026-11-23T09:00:00`. */
const wallTime = (example: string) =>
  z.string().check(
    z.regex(/^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?$/, {
      abort: true,
      error: 'must be a local time without an offset, such as 2026-11-23T09:00',
    }),
    z.overwrite(value => (value.length === 16 ? `${value}:00` : value)),
    z.refine(
      value =>
        Number.isFinite(Date.parse(`${value}Z`)) && new Date(`${value}Z`).toISOString().startsWith(value),
      {
        error: 'must be a day and a time that exist',
      },
    ),
    z.meta({ examples: [example] }),
  );

const facts = {
  /** `available` opens the resource, and with the first such rule everything else is closed. The others always win over it. */
  availability_type: z.enum(['available', 'blocked', 'booked']).check(z.meta({ examples: ['available'] })),
  start_time: wallTime('2026-11-23T09:00:00'),
  end_time: wallTime('2026-11-23T18:00:00'),
  /** RFC 5545, of days: the time of day is the window's own. Null: the window is once. */
  recurrence_rule: z.nullable(text(1, 200, 'FREQ=WEEKLY;BYDAY=MO,TU')),
  /** Days on which the window does not begin. */
  except_dates: z
    .array(day.check(z.meta({ examples: ['2026-12-28'] })))
    .check(z.maxLength(100), z.meta({ examples: [['2026-12-28']] })),
  notes: z.nullable(text(1, 500, 'On weekdays only.')),
};

/** What a rule is told. */
export const NewRule = z.strictObject({
  ...facts,
  recurrence_rule: z._default(facts.recurrence_rule, null),
  except_dates: z._default(facts.except_dates, []),
  notes: z._default(facts.notes, null),
});

/** A rule as its owner sees it: a row of `booking.availability_rules`. */
export const Rule = z.object({
  id: id('rule'),
  resource_id: id('resource'),
  ...facts,
  is_recurring: flag,
  version: count(1, 1_000_000, 1),
  created_at: instant,
  updated_at: instant,
});

/** What a rule is expanded in: the zone, and how far. */
export const Ground = z.object({ time_zone: z.string(), until: instant });

export const ruleRefusals = {
  availability_rules_valid_time_range_check: refuse(
    'ends_before_start',
    422,
    'The end must be after the start.',
    'end_time',
  ),
  availability_rules_length_check: refuse(
    'window_too_long',
    422,
    'A window has 366 days at most.',
    'end_time',
  ),
  recurrence_not_supported: refuse(
    'recurrence_not_supported',
    422,
    'Write a recurrence of days (FREQ=DAILY, WEEKLY, MONTHLY or YEARLY) without times of day.',
    'recurrence_rule',
  ),
  start_out_of_range: refuse(
    'start_out_of_range',
    422,
    'A window starts at most ten years ago and at most two years ahead.',
    'start_time',
  ),
  never_applies: refuse('never_applies', 422, 'No time from now on comes of this.', 'start_time'),
  too_many_rules: refuse('too_many_rules', 409, 'A resource has 50 rules at most.'),
  too_many_blocks: refuse(
    'too_many_blocks',
    409,
    'So many units cannot be blocked so often. Say when they are available instead.',
  ),
  time_booked: refuse('time_booked', 409, 'Some of this time is booked. Cancel that first, or leave it out.'),
};
