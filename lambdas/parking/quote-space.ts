import * as z from 'zod/mini';
import { id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
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
  }),
  output: Quote,
  refusals: { ...listingRefusals, ends_before_start: reasons.ends_before_start, too_long: reasons.too_long },
  async run({ space_id, from, to, vehicle_id }, { db, marketplace }) {
    const { terms } = await db.one(
      sql`
        select parking.terms(${space_id}::uuid, ${from}::timestamptz, ${to}::timestamptz, ${vehicle_id}::uuid,
          ${marketplace.fees.customer_basis_points}::integer) as terms`,
      z.object({ terms: Terms }),
    );
    return quoteOf(terms, { starts_at: from, ends_at: to }, marketplace.policies.parking);
  },
});

export const handler = http(quoteSpace);
