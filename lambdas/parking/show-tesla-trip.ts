import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { TeslaTripDetail } from './tesla-trip.ts';

/** Shows what was sent to the Tesla of a booking and what was seen of it, with everything that went wrong. */
export const showTeslaTrip = useCase({
  route: 'GET /api/v1/bookings/{booking_id}/tesla',
  module: 'tesla',
  summary: 'Show the Tesla of a booking',
  access: signedIn(),
  input: z.strictObject({ booking_id: id('booking') }),
  output: TeslaTripDetail,
  async run({ booking_id }, { db }) {
    return db.one(
      sql`
        select t.booking_id, t.vehicle_id, t.navigation_status, t.tesla_navigation_sent, t.navigation_sent_at,
               t.auto_park_attempted, t.auto_park_successful, t.arrival_detected_at, t.departure_detected_at, t.last_read_at,
               t.last_error, coalesce((
                 select jsonb_agg(jsonb_build_object('kind', a.kind, 'outcome', a.outcome, 'code', a.code, 'times', a.times,
                   'first_at', a.first_at, 'last_at', a.last_at) order by a.last_at desc, a.kind, a.code)
                 from parking.tesla_attempts a where a.booking_id = t.booking_id), '[]') as attempts
        from parking.tesla_trips t
        where t.booking_id = ${booking_id}::uuid`,
      TeslaTripDetail,
    );
  },
});

export const handler = http(showTeslaTrip);
