import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Booking } from './booking.ts';

/** Keeps a party's notes on a booking: the customer's are for the provider too, the provider's for nobody else. */
export const keepBookingNotes = useCase({
  route: 'PATCH /api/v1/bookings/{booking_id}',
  summary: 'Change my notes on a booking',
  access: signedIn(),
  input: z.strictObject({
    booking_id: id('booking'),
    notes: z.nullable(text(1, 2000, 'A white Model 3.')),
  }),
  output: Booking,
  async run({ booking_id, notes }, { db }) {
    return db.one(sql`select * from booking.keep_notes(${booking_id}::uuid, ${notes}::text)`, Booking);
  },
});

export const handler = http(keepBookingNotes);
