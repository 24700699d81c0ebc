import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { count, instant, latitude, limit, longitude, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Space } from './parking.ts';
import { checkWindow, windowRefusals } from './window.ts';

const FoundSpace = z.extend(Space, {
  /** Metres along the sphere. */
  distance_m: z.number().check(z.meta({ examples: [412.7] })),
});

const halfWindow = refuse('window_incomplete', 422, 'Give both the start and the end, or neither.', 'to');

/** Finds spaces around a point, nearest first; with `from` and `to` only those that can be booked for that time. */
export const searchSpaces = useCase({
  route: 'GET /api/v1/parking/spaces',
  module: 'parking',
  summary: 'Search parking spaces',
  access: everyone(),
  input: z.strictObject({
    latitude,
    longitude,
    radius_m: z._default(count(1, 50_000, 2_000), 2_000),
    from: z.optional(instant),
    to: z.optional(instant),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.number(), z.uuid()]))),
  }),
  output: page(FoundSpace),
  refusals: { ...windowRefusals, window_incomplete: halfWindow },
  async run({ latitude, longitude, radius_m, from = null, to = null, limit, cursor }, { db, now }) {
    if (from !== null && to !== null) checkWindow({ from, to }, now);
    else if (from !== to) throw new Refusal(halfWindow);
    const [distance, last] = cursor ?? [null, null];
    // The inner select walks the index by `<->` and stops at the limit, ties included, so that ids order them outside. What
    // bounds the walk is the box that ST_DWithin itself asks of the index. ST_DWithin is not used, and what the window asks is
    // wrapped in a coalesce, because the planner takes them for rare conditions and then sorts the whole circle.
    return db.page(
      sql`
        select * from (
          select s.*, s.point <-> here.point as distance_m
          from parking.public_spaces s,
            (select app.point(${latitude}::float8, ${longitude}::float8) as point) as here
          where s.point && _st_expand(here.point, ${radius_m}::float8)
            and s.point <-> here.point <= ${radius_m}::float8
            and (${last}::uuid is null or (s.point <-> here.point, s.id) > (${distance}::float8, ${last}::uuid))
            and coalesce(${from}::timestamptz is null or (
              ${to}::timestamptz - ${from}::timestamptz between make_interval(hours => s.minimum_booking_hours)
                and make_interval(secs => 3600
                  * least(s.maximum_booking_hours, (select app.setting('max_booking_hours')::float8)))
              and ${from}::timestamptz >= app.now() + make_interval(hours => s.advance_booking_hours)
              and s.capacity > (
                select count(distinct o.unit) from booking.occupied o
                where o.resource_id = s.id and o.during && tstzrange(${from}::timestamptz, ${to}::timestamptz))), false)
          order by s.point <-> here.point
          fetch first (${limit + 1}::integer) rows with ties
        ) as found
        order by found.distance_m, found.id
        limit ${limit + 1}::integer`,
      FoundSpace,
      limit,
      row => [row.distance_m, row.id],
    );
  },
});

export const handler = http(searchSpaces);
