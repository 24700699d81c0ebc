import * as z from 'zod/mini';
import { id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Promo, promoCode, promoOf } from '../money/money.ts';
import { listingRefusals, reasons } from './reasons.ts';
import { Quote, quoteOf, Terms } from './terms.ts';

/**
 * Says what a booking would cost, line by line, which rules it would be under, and every reason why it is not possible, if so. The
 * same is reckoned when it is booked.
 */
export const quoteSpace = useCase({
  route: 'POST /api/v1/parking/spaces/{space_id}/quote',
  module: 'parking',
  summary: 'Ask what a parking space costs',
  access: everyone(),
  input: z.strictObject({
    space_id: id('space'),
    from: instant,
    to: instant,
    vehicle_id: z._default(z.nullable(id('vehicle')), null),
    promo_code: z._default(z.nullable(promoCode), null),
  }),
  output: z.extend(Quote, {
    /** What the promo code takes off, or why it does not. Null where none was named. */
    promo: z.nullable(Promo),
  }),
  refusals: { ...listingRefusals, ends_before_start: reasons.ends_before_start, too_long: reasons.too_long },
  async run({ space_id, from, to, vehicle_id, promo_code }, { db, marketplace }) {
    const { terms } = await db.one(
      sql`
        select parking.terms_with_promo(${space_id}::uuid, ${from}::timestamptz, ${to}::timestamptz, ${vehicle_id}::uuid,
          ${marketplace.fees.customer_basis_points}::integer, ${promo_code}::text) as terms`,
      z.object({ terms: Terms }),
    );
    const quote = quoteOf(terms, { starts_at: from, ends_at: to }, marketplace.policies.parking);
    return { ...quote, promo: terms.promo && promoOf(terms.promo) };
  },
});

export const handler = http(quoteSpace);
