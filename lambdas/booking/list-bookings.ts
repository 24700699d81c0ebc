import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { flag, id, instant, limit, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking, BookingPage } from './booking.ts';

/** Lists the bookings that the caller has made and those that were made with them, newest first. */
export const listBookings = useCase({
  route: 'GET /api/v1/bookings',
  summary: 'List my bookings',
  access: signedIn(),
  input: z.strictObject({
    role: z.optional(z.enum(['customer', 'provider']).check(z.meta({ examples: ['customer'] }))),
    status: z.optional(text(1, 40, 'confirmed')),
    /** Those of one resource, such as one of several spaces of a host. */
    resource_id: z.optional(id('resource')),
    /** Whether another time of it waits for its provider's answer. */
    move_requested: z.optional(flag),
    /** Bookings that take place at some moment from here on, and before there. */
    from: z.optional(instant),
    to: z.optional(instant),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: BookingPage,
  async run(
    {
      role = null,
      status = null,
      resource_id = null,
      move_requested = null,
      from = null,
      to = null,
      limit,
      cursor,
    },
    { db, actor },
  ) {
    const [before] = cursor ?? [null];
    // Ids are times, so newest first is the order of ids. Each branch walks an index of its own and stops at the limit.
    return db.page(
      sql`
        select * from (
          (select b.* from booking.my_bookings b
           where b.customer_id = ${actor}::uuid and ${role}::text is distinct from 'provider'
             and (${before}::uuid is null or b.id < ${before}::uuid)
             and (${status}::text is null or b.status = ${status}::text)
             and (${resource_id}::uuid is null or b.resource_id = ${resource_id}::uuid)
             and (${move_requested}::boolean is null or (b.move_request is not null) = ${move_requested}::boolean)
             and (${from}::timestamptz is null or b.ends_at > ${from}::timestamptz)
             and (${to}::timestamptz is null or b.starts_at < ${to}::timestamptz)
           order by b.id desc
           limit ${limit + 1}::integer)
          union all
          (select b.* from booking.my_bookings b
           where b.provider_id = ${actor}::uuid and ${role}::text is distinct from 'customer'
             and (${before}::uuid is null or b.id < ${before}::uuid)
             and (${status}::text is null or b.status = ${status}::text)
             and (${resource_id}::uuid is null or b.resource_id = ${resource_id}::uuid)
             and (${move_requested}::boolean is null or (b.move_request is not null) = ${move_requested}::boolean)
             and (${from}::timestamptz is null or b.ends_at > ${from}::timestamptz)
             and (${to}::timestamptz is null or b.starts_at < ${to}::timestamptz)
           order by b.id desc
           limit ${limit + 1}::integer)
        ) as mine
        order by mine.id desc
        limit ${limit + 1}::integer`,
      Booking,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listBookings);
