import * as z from 'zod/mini';
import { Booking } from '../booking/booking.ts';
import { id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { SpaceTerms } from './parking.ts';
import { priceParking } from './price-parking.ts';
import { checkTerms, checkWindow, termsRefusals, windowRefusals } from './window.ts';

/** Books a parking space. Of any number of drivers racing for one hour the reservation lets one through. */
export const bookSpace = useCase({
  route: 'POST /api/v1/parking/spaces/{space_id}/bookings',
  module: 'parking',
  summary: 'Book a parking space',
  access: permitted('parking.book'),
  input: z.strictObject({
    space_id: id('space'),
    from: instant,
    to: instant,
    notes: z._default(z.nullable(text(1, 2000, 'A white Model 3.')), null),
  }),
  output: Booking,
  status: 201,
  refusals: {
    ...windowRefusals,
    ...termsRefusals,
    reservation_no_overlap: refuse('slot_taken', 409, 'This space is taken at that time.'),
    listing_changed: refuse(
      'listing_changed',
      409,
      'The space has changed in this moment. Look at it again.',
    ),
    bookings_parties_check: termsRefusals.own_space,
  },
  async run({ space_id, notes, ...window }, { db, marketplace, now }) {
    const terms = await db.one(
      sql`
        select version, hourly_rate, is_mine, minimum_booking_hours, advance_booking_hours,
               least(maximum_booking_hours, app.setting('max_booking_hours')::numeric) as maximum_booking_hours
        from parking.public_spaces
        where id = ${space_id}::uuid`,
      SpaceTerms,
    );
    // After the first trip: a repeated request is answered there as it was, even when its start has passed since.
    checkWindow(window, now);
    checkTerms(window, terms, now);
    const details = {
      ...priceParking(window, terms.hourly_rate, marketplace.fees.customer_basis_points),
      starts_at: window.from,
      ends_at: window.to,
      customer_notes: notes,
      request_timeout: marketplace.timeouts.booking_request,
    };
    return db.one(
      sql`select * from parking.book(${space_id}::uuid, ${terms.version}::integer, ${details}::jsonb)`,
      Booking,
    );
  },
});

export const handler = http(bookSpace);
