import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { TeslaTrip } from './tesla-trip.ts';

/** Sends the driver's Tesla its way to the space, at once and as often as five times an hour. What comes of it, the trip shows. */
export const requestTeslaNavigation = useCase({
  route: 'POST /api/v1/bookings/{booking_id}/tesla/navigation',
  module: 'tesla',
  summary: 'Send the way to my Tesla',
  access: signedIn(),
  status: 202,
  input: z.strictObject({ booking_id: id('booking') }),
  output: TeslaTrip,
  refusals: {
    booking_over: refuse('booking_over', 409, 'This booking is over.'),
    no_tesla: refuse('no_tesla', 409, 'The vehicle of this booking was not imported from a Tesla account.'),
  },
  async run({ booking_id }, { db }) {
    return db.one(sql`select * from parking.request_navigation(${booking_id}::uuid)`, TeslaTrip);
  },
});

export const handler = http(requestTeslaNavigation);
