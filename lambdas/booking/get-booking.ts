import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { BookingDetail } from './booking.ts';

/** Shows one booking of the caller with its timeline. Anybody else's is not found. */
export const getBooking = useCase({
  route: 'GET /api/v1/bookings/{booking_id}',
  summary: 'Get a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: BookingDetail,
  async run({ booking_id }, { db }) {
    return db.one(
      sql`
        select b.*, booking.timeline_of(b.id) as timeline, money.refund_of_booking(b.id) as refund
        from booking.my_bookings b
        where b.id = ${booking_id}::uuid`,
      BookingDetail,
    );
  },
});

export const handler = http(getBooking);
