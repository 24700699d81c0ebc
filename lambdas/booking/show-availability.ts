import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { count, id, instant, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';

const LONGEST = 366 * 86_400_000;

const Stretch = z.object({
  starts_at: instant,
  ends_at: instant,
  availability_type: z
    .enum(['available', 'closed', 'blocked', 'booked'])
    .check(z.meta({ examples: ['available'] })),
  /** Units that can be booked in all of this stretch. */
  free_units: count(0, 500, 1),
});

const refusals = {
  ends_before_start: refuse('ends_before_start', 422, 'The end must be after the start.', 'to'),
  window_too_long: refuse('window_too_long', 422, 'A calendar shows 366 days at most.', 'to'),
};

/** Shows when a resource is open, closed, blocked or booked up, without a gap and by whom it is booked left out. */
export const showAvailability = useCase({
  route: 'GET /api/v1/resources/{resource_id}/availability',
  summary: 'Show the calendar of a resource',
  access: everyone(),
  input: z.strictObject({
    resource_id: id('resource'),
    from: instant,
    to: instant,
    limit: z._default(count(1, 1000, 200), 200),
    cursor: z.optional(cursorOf(z.tuple([instant]))),
  }),
  output: page(Stretch),
  refusals,
  async run({ resource_id, from, to, limit, cursor }, { db }) {
    if (Date.parse(to) <= Date.parse(from)) throw new Refusal(refusals.ends_before_start);
    if (Date.parse(to) - Date.parse(from) > LONGEST) throw new Refusal(refusals.window_too_long);
    const [start] = cursor ?? [from];
    return db.page(
      sql`
        select starts_at, ends_at, availability_type, free_units
        from booking.calendar(${resource_id}::uuid,
          least(greatest(${start}::timestamptz, ${from}::timestamptz), ${to}::timestamptz), ${to}::timestamptz)
        order by starts_at
        limit ${limit + 1}::integer`,
      Stretch,
      limit,
      row => [row.ends_at],
    );
  },
});

export const handler = http(showAvailability);
