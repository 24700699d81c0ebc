import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, instant, limit, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Booking, BookingPage } from './booking.ts';

/** Finds bookings for staff, newest first. All that is given must fit; which bookings were shown is audited. */
export const searchBookings = useCase({
  route: 'GET /api/v1/admin/bookings',
  summary: 'Search bookings',
  access: permitted('bookings.manage'),
  input: z.strictObject({
    number: z.optional(text(1, 20, 'DRV-2026-000001')),
    /** On either side. */
    user_id: z.optional(id('user')),
    resource_id: z.optional(id('resource')),
    module: z.optional(text(1, 40, 'parking')),
    status: z.optional(text(1, 40, 'confirmed')),
    payment_status: z.optional(text(1, 40, 'pending')),
    /** Bookings that take place at some moment from here on, and before there. */
    from: z.optional(instant),
    to: z.optional(instant),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: BookingPage,
  async run({ limit, cursor, ...wanted }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select booking from booking.search_as_staff(${wanted}::jsonb, ${before}::uuid, ${limit + 1}::integer)`,
      z.object({ booking: Booking }),
      limit,
      row => [row.booking.id],
    );
    return { items: items.map(({ booking }) => booking), next_cursor };
  },
});

export const handler = http(searchBookings);
