import * as z from 'zod/mini';
import { Booking } from '../booking/booking.ts';
import { amount, id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { promoCode, promoReasons, throwNoPromo } from '../money/money.ts';
import { throwReason, writeRefusals } from './reasons.ts';
import { checkExpectation, factsOf, priceOf, Terms } from './terms.ts';

/**
 * Books a parking space. The price is reckoned anew, with the promo code where one is named: with `expected_total_amount` another one
 * is refused. Of any number of drivers racing for one hour the reservation lets one through.
 */
export const bookSpace = useCase({
  route: 'POST /api/v1/parking/spaces/{space_id}/bookings',
  module: 'parking',
  summary: 'Book a parking space',
  access: permitted('parking.book'),
  input: z.strictObject({
    space_id: id('space'),
    from: instant,
    to: instant,
    vehicle_id: z._default(z.nullable(id('vehicle')), null),
    notes: z._default(z.nullable(text(1, 2000, 'I come with a trailer hitch.')), null),
    promo_code: z._default(z.nullable(promoCode), null),
    expected_total_amount: z._default(z.nullable(amount), null),
  }),
  output: Booking,
  status: 201,
  refusals: { ...writeRefusals, ...promoReasons },
  async run(
    { space_id, from, to, vehicle_id, notes, promo_code, expected_total_amount },
    { db, marketplace },
  ) {
    const { terms } = await db.one(
      sql`
        select parking.terms_with_promo(${space_id}::uuid, ${from}::timestamptz, ${to}::timestamptz, ${vehicle_id}::uuid,
          ${marketplace.fees.customer_basis_points}::integer, ${promo_code}::text) as terms`,
      z.object({ terms: Terms }),
    );
    // After the first trip: a repeated request is answered there as it was, even when its start has passed since.
    throwReason(terms.reasons, terms.misfit === null ? {} : { misfit: terms.misfit });
    const price = priceOf(terms);
    // Whoever was quoted a price with a code that has run out since learns the price first.
    checkExpectation(price, expected_total_amount);
    throwNoPromo(terms.promo);
    const details = {
      ...price,
      starts_at: from,
      ends_at: to,
      vehicle_id,
      promo_code,
      customer_notes: notes,
      request_timeout: marketplace.timeouts.booking_request,
      policy: marketplace.policies.parking,
      facts: factsOf(terms),
    };
    return db.one(
      sql`select parking.book(${space_id}::uuid, ${terms.version}::integer, ${details}::jsonb) as row_value`,
      Booking,
    );
  },
});

export const handler = http(bookSpace);
