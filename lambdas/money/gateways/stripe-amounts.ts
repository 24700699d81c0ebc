import { exponentOf } from '../currencies.ts';
import { GatewayRejected } from './gateway.ts';

/**
 * Decimal digits where Stripe counts otherwise than ISO 4217 (docs.stripe.com/currencies, zero-decimal and special-case
 * currencies): króna and shilling kept the two they once had, and the ariary has none.
 */
const DIGITS: Readonly<Record<string, number>> = { ISK: 2, UGX: 2, MGA: 0 };

/** Our minor units as Stripe counts them. Throws GatewayRejected for an amount that Stripe cannot charge. */
export function toStripe(amount: number, currency: string): number {
  const factor = factorOf(currency);
  const there = factor < 1 ? amount / Math.round(1 / factor) : amount * factor;
  // Of three decimals the card networks settle two.
  if (!Number.isSafeInteger(there) || (exponentOf(currency) === 3 && there % 10 !== 0))
    throw new GatewayRejected('stripe', 'invalid_amount', `${amount} of ${currency} cannot be charged.`);
  return there;
}

/** Stripe's amount in our minor units. */
export function fromStripe(amount: number, currency: string): number {
  const factor = factorOf(currency.toUpperCase());
  return factor < 1 ? amount * Math.round(1 / factor) : amount / factor;
}

const factorOf = (currency: string) =>
  10 ** ((DIGITS[currency] ?? exponentOf(currency)) - exponentOf(currency));
