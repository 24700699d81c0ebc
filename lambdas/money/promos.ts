import * as z from 'zod/mini';
import { amount, currency, instant, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';

/** A code as people write it, in whatever case: leaves in capitals. */
export const promoCode = z
  .string()
  .check(
    z.trim(),
    z.toUpperCase(),
    z.regex(/^[A-Z0-9][A-Z0-9_-]{2,49}$/, 'must be 3 to 50 letters, digits, dashes or underscores'),
    z.meta({ examples: ['WELCOME20'] }),
  );

export const discountType = z
  .enum(['percentage', 'fixed_amount'])
  .check(z.meta({ examples: ['percentage'] }));

/** Hundredths of a percent of the subtotal where it is a percentage, else an amount in the minor unit. */
export const discountValue = z
  .int()
  .check(z.minimum(1), z.maximum(1_000_000_000_000), z.meta({ examples: [2000] }));

/** Why a code takes nothing off, by the codes of `money.why_no_promo`. */
export const promoReasons = {
  promo_unknown: refuse('promo_unknown', 422, 'There is no such promo code.', 'promo_code'),
  promo_inactive: refuse('promo_inactive', 422, 'This promo code is not in use any more.', 'promo_code'),
  promo_not_started: refuse('promo_not_started', 422, 'This promo code is not valid yet.', 'promo_code'),
  promo_expired: refuse('promo_expired', 422, 'This promo code is not valid any more.', 'promo_code'),
  promo_used_up: refuse(
    'promo_used_up',
    422,
    'This promo code has been used as often as it may be.',
    'promo_code',
  ),
  promo_not_applicable: refuse(
    'promo_not_applicable',
    422,
    'This promo code is for something else.',
    'promo_code',
  ),
  promo_new_customers_only: refuse(
    'promo_new_customers_only',
    422,
    'This promo code is for a first booking.',
    'promo_code',
  ),
  promo_used_by_you: refuse(
    'promo_used_by_you',
    422,
    'You have used this promo code as often as one person may.',
    'promo_code',
  ),
  promo_minimum: refuse('promo_minimum', 422, 'The price is too low for this promo code.', 'promo_code'),
};

/** What `money.promo_terms` says of a code. */
export const PromoTerms = z.object({
  code: z.string(),
  reason: z.nullable(z.enum(Object.keys(promoReasons) as (keyof typeof promoReasons)[])),
  discount_amount: z.nullable(z.int()),
  discount_type: z.nullable(discountType),
  discount_value: z.nullable(z.int()),
  currency: z.nullable(z.string()),
  max_discount_amount: z.nullable(z.int()),
  min_booking_amount: z.nullable(z.int()),
  valid_until: z.nullable(instant),
});
export type PromoTerms = z.output<typeof PromoTerms>;

/** A code as somebody sees it who names it. What it says is null where there is no such code. */
export const Promo = z.object({
  code: promoCode,
  /** What it takes off. Null where nobody said of what price. */
  discount_amount: z.nullable(amount),
  /** Why it takes nothing off. */
  reason: z.nullable(
    z.object({
      code: text(1, 60, 'promo_expired'),
      title: text(1, 200, 'This promo code is not valid any more.'),
    }),
  ),
  discount_type: z.nullable(discountType),
  discount_value: z.nullable(discountValue),
  currency: z.nullable(currency),
  max_discount_amount: z.nullable(amount),
  min_booking_amount: z.nullable(amount),
  valid_until: z.nullable(instant),
});

/** What is said of a code, with the reason in words. */
export function promoOf({ reason, ...terms }: PromoTerms): z.input<typeof Promo> {
  return { ...terms, reason: reason && { code: reason, title: promoReasons[reason].message } };
}

/** Throws the reason why a code that was named takes nothing off. */
export function throwNoPromo(terms: PromoTerms | null): void {
  if (terms?.reason) throw new Refusal(promoReasons[terms.reason]);
}
