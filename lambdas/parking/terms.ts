import * as z from 'zod/mini';
import { LineItem, type Price, withDiscount } from '../booking/booking.ts';
import { amount, currency, flag, instant, text } from '../kernel/fields.ts';
import { Refusal } from '../kernel/refusal.ts';
import { PromoTerms } from '../money/money.ts';
import { priceParking, Rates, Tariff } from './price-parking.ts';
import { specOf, writeRefusals } from './reasons.ts';

/** What `parking.terms_with_promo` says. */
export const Terms = z.object({
  version: z.int(),
  reasons: z.array(z.string()),
  misfit: z.nullable(z.string()),
  instant: z.boolean(),
  currency: z.string(),
  time_zone: z.string(),
  rates: Rates,
  tariff: Tariff,
  fee_basis_points: z.int(),
  /** Null where no promo code was named. */
  promo: z.nullable(PromoTerms),
});
export type Terms = z.output<typeof Terms>;

/** What `parking.move_terms` says. */
export const MoveTerms = z.extend(Terms, {
  /** Null where the booking was made without a promo code. */
  promo: z.nullable(z.object({ discount_amount: z.int() })),
  starts_at: instant,
  ends_at: instant,
  booking: z.object({
    version: z.int(),
    total_amount: z.int(),
    policy: z.record(z.string(), z.unknown()),
    facts: z.record(z.string(), z.unknown()),
  }),
});

/** What a booking would cost, under which rules, and why it is not possible, if so. */
export const Quote = z.object({
  starts_at: instant,
  ends_at: instant,
  time_zone: text(1, 60, 'America/Los_Angeles'),
  /** False: the owner must accept. */
  instant: flag,
  currency,
  line_items: z.array(LineItem),
  subtotal_amount: amount,
  fee_amount: amount,
  discount_amount: amount,
  total_amount: amount,
  policy: z
    .record(z.string(), z.unknown())
    .check(z.meta({ examples: [{ cancellation: { tiers: [{ hours_before: 24, refund_percent: 100 }] } }] })),
  available: flag,
  reasons: z.array(
    z.object({ code: text(1, 60, 'slot_taken'), title: text(1, 200, 'This space is taken at that time.') }),
  ),
});

type PricedTerms = Pick<Terms, 'tariff' | 'rates' | 'fee_basis_points'> & {
  promo: { discount_amount: number | null } | null;
};

/** The price of terms, less what a promo code takes off. */
export const priceOf = ({ tariff, rates, fee_basis_points, promo }: PricedTerms): Price =>
  withDiscount(priceParking(tariff, rates, fee_basis_points), promo?.discount_amount ?? 0);

/** What a booking keeps of the terms that it was made under. */
export const factsOf = ({ rates, fee_basis_points }: PricedTerms) => ({ rates, fee_basis_points });

/** Terms as a quote. */
export function quoteOf(
  terms: PricedTerms & Omit<Terms, 'promo'>,
  window: { starts_at: string; ends_at: string },
  policy: unknown,
) {
  return {
    ...window,
    time_zone: terms.time_zone,
    instant: terms.instant,
    currency: terms.currency,
    ...priceOf(terms),
    policy: { ...(policy as object) },
    available: terms.reasons.length === 0,
    reasons: terms.reasons.map(specOf).map(({ code, message }) => ({ code, title: message })),
  };
}

/** Throws price_changed, with the price as it is, when the client expected another. */
export function checkExpectation({ total_amount }: Price, expected: number | null): void {
  if (expected !== null && expected !== total_amount) {
    throw new Refusal(writeRefusals.price_changed, { facts: { total_amount } });
  }
}
