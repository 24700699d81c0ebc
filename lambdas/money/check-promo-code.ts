import * as z from 'zod/mini';
import { amount, id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Promo, PromoTerms, promoCode, promoOf } from './promos.ts';

/**
 * Says what a promo code would take off a price for the caller, or why nothing. It promises nothing: what counts is asked again when
 * something is booked, of the price that it has then. Who names codes that there are not is stopped.
 */
export const checkPromoCode = useCase({
  route: 'POST /api/v1/promo-codes/check',
  summary: 'Ask what a promo code gives',
  access: signedIn(),
  input: z.strictObject({
    promo_code: promoCode,
    /** The price before fees. What is left out is not asked about. */
    subtotal_amount: z.optional(amount),
    service_id: z.optional(id('service')),
    provider_id: z.optional(id('user')),
    resource_id: z.optional(id('resource')),
  }),
  output: Promo,
  async run({ promo_code, ...facts }, { db }) {
    const { terms } = await db.one(
      sql`select money.promo_terms(${promo_code}::text, ${facts}::jsonb) as terms`,
      z.object({ terms: PromoTerms }),
    );
    return promoOf(terms);
  },
});

export const handler = http(checkPromoCode);
