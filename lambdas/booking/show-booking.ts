import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { BookingDetail } from './booking.ts';

/** Shows any booking of the marketplace to staff, with its timeline. That it was read is audited. */
export const showBooking = useCase({
  route: 'GET /api/v1/admin/bookings/{booking_id}',
  summary: 'Show a booking to staff',
  access: permitted('bookings.manage'),
  input: z.strictObject({ booking_id: id('booking') }),
  output: BookingDetail,
  async run({ booking_id }, { db }) {
    const { booking } = await db.one(
      sql`select booking from booking.show_to_staff(${booking_id}::uuid)`,
      z.object({ booking: BookingDetail }),
    );
    return booking;
  },
});

export const handler = http(showBooking);
