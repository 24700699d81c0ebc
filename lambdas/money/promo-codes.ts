import * as z from 'zod/mini';
import { amount, count, currency, flag, id, instant } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { discountType, discountValue, promoCode } from './promos.ts';

/** Which of a kind a code is for. Null is all of them. */
const applicableTo = <Brand extends string>(kind: Brand) =>
  z.nullable(z.array(id(kind)).check(z.minLength(1), z.maxLength(500)));

/** What staff say of a code besides what it is called. */
export const promoFacts = {
  discount_type: discountType,
  discount_value: discountValue,
  /** The most that a percentage takes off. */
  max_discount_amount: z.nullable(amount.check(z.minimum(1), z.meta({ examples: [20_000] }))),
  /** Valid from the one moment on and before the other. */
  valid_from: instant.check(z.meta({ examples: ['2026-12-01T00:00:00.000Z'] })),
  valid_until: instant.check(z.meta({ examples: ['2027-01-01T00:00:00.000Z'] })),
  /** How often all people use it together. Null is without end. */
  usage_limit: z.nullable(count(1, 2_000_000_000, 1000)),
  per_user_limit: count(1, 1_000_000, 1),
  /** What the price before fees must come to. */
  min_booking_amount: z.nullable(amount),
  applicable_service_ids: applicableTo('service'),
  applicable_provider_ids: applicableTo('user'),
  applicable_resource_ids: applicableTo('resource'),
  /** Only for people who have completed no booking yet. */
  new_customers_only: flag,
};

/** A promo code as staff see it. */
export const PromoCode = z.object({
  id: id('promo_code'),
  code: promoCode,
  ...promoFacts,
  currency,
  /** Uses of cancelled bookings that were given back do not count. */
  usage_count: count(0, 2_000_000_000, 12),
  is_active: flag,
  created_at: instant,
  updated_at: instant,
});

/** Rules of a code that the database holds, by the fields that staff send. */
export const promoCodeRefusals = {
  promo_codes_discount_value_check: refuse(
    'invalid_percentage',
    422,
    'A percentage is at most 100.00 %, which is written 10000.',
    'discount_value',
  ),
  promo_codes_max_discount_amount_check: refuse(
    'cap_without_percentage',
    422,
    'Only a percentage has a most that it takes off.',
    'max_discount_amount',
  ),
  promo_codes_validity_check: refuse(
    'ends_before_start',
    422,
    'The end must be after the start.',
    'valid_until',
  ),
};
