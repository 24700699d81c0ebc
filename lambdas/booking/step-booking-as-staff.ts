import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Booking, stepRefusals } from './booking.ts';

/** Takes a booking a step that its flow lets staff take, such as cancelling it. The audit log tells who did. */
export const stepBookingAsStaff = useCase({
  route: 'POST /api/v1/admin/bookings/{booking_id}/steps',
  summary: 'Take a booking a step as staff',
  access: permitted('bookings.manage'),
  input: z.strictObject({
    booking_id: id('booking'),
    status: text(1, 40, 'cancelled'),
    reason: text(1, 500, 'The driveway was flooded.'),
  }),
  output: Booking,
  refusals: {
    ...stepRefusals,
    own_booking: refuse('own_booking', 409, 'Nobody does this to a booking of their own.'),
  },
  async run({ booking_id, status, reason }, { db }) {
    return db.one(
      sql`select * from booking.step_as_staff(${booking_id}::uuid, ${status}::text, ${reason}::text)`,
      Booking,
    );
  },
});

export const handler = http(stepBookingAsStaff);
