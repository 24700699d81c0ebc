import type { LineItem } from './booking.ts';

/** A price in minor units: `total_amount` is the sum of the lines, and of subtotal and fee less the discount. */
export type Price = {
  line_items: LineItem[];
  subtotal_amount: number;
  fee_amount: number;
  discount_amount: number;
  total_amount: number;
};

type Told = Pick<LineItem, 'code' | 'description' | 'quantity' | 'unit_amount' | 'amount'>;

/** A line that the customer pays to the provider. */
export const lineOf = (line: Told): LineItem => ({ ...line, payer: 'customer', payee: 'provider' });

/** A line of which there is one, such as a tip, which goes to the provider in full. */
export const singleLine = (
  code: string,
  description: string,
  amount: number,
  payee: LineItem['payee'] = 'provider',
): LineItem => ({ code, description, quantity: 1, unit_amount: amount, amount, payer: 'customer', payee });

/**
 * The price of lines that go to the provider, with the customer's fee on top as a line of its own.
 *
 * @param basisPoints the fee, in hundredths of a percent of the subtotal, rounded half up to the minor unit
 */
export function withFee(lines: readonly LineItem[], basisPoints: number): Price {
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const fee = feeOn(subtotal, basisPoints);
  const service = singleLine('service_fee', `${basisPoints / 100} %`, fee, 'platform');
  return {
    line_items: basisPoints === 0 ? [...lines] : [...lines, service],
    subtotal_amount: subtotal,
    fee_amount: fee,
    discount_amount: 0,
    total_amount: subtotal + fee,
  };
}

/**
 * The price less what a promo code gives: a line of its own, which the platform bears. Whoever is booked gets as much as without.
 *
 * @param discount at most the subtotal
 */
export function withDiscount(price: Price, discount: number): Price {
  if (discount === 0) return price;
  const line = singleLine('promo_discount', 'Promo code', -discount, 'promo');
  return {
    ...price,
    line_items: [...price.line_items, line],
    discount_amount: discount,
    total_amount: price.total_amount - discount,
  };
}

/** What the platform asks the customer for itself, such as for listing something or for being set up the first time. */
export const withCharge = (price: Price, code: string, description: string, amount: number): Price =>
  amount === 0
    ? price
    : {
        ...price,
        line_items: [...price.line_items, singleLine(code, description, amount, 'platform')],
        fee_amount: price.fee_amount + amount,
        total_amount: price.total_amount + amount,
      };

/** Lines of which the platform takes no commission. */
const WITHOUT_COMMISSION: ReadonlySet<string> = new Set(['tip']);

/**
 * The price with the platform's commission, which the provider pays out of what they get: the customer pays the same. The rate is the
 * provider's own at that moment, and the line keeps it.
 *
 * @param basisPoints in hundredths of a percent of what goes to the provider but tips, rounded half up; at most 10,000
 */
export function withCommission(price: Price, basisPoints: number): Price {
  const base = price.line_items
    .filter(({ payee, code }) => payee === 'provider' && !WITHOUT_COMMISSION.has(code))
    .reduce((sum, { amount }) => sum + amount, 0);
  const amount = feeOn(base, basisPoints);
  if (amount === 0) return price;
  const line: LineItem = {
    ...singleLine('commission', `${basisPoints / 100} %`, amount, 'platform'),
    payer: 'provider',
  };
  return { ...price, line_items: [...price.line_items, line] };
}

/** The commission on a partner's service fee, within the range that partners are told. Throws a RangeError outside of 10 to 20 percent. */
export function partnerCommission(fee: number, basisPoints: number): number {
  if (basisPoints < 1000 || basisPoints > 2000)
    throw new RangeError(`${basisPoints / 100} % is not between 10 and 20 %.`);
  return feeOn(fee, basisPoints);
}

/** What a provider asks for a service: their own price where they have one, or that of the catalogue. */
export const servicePrice = (basePrice: number, ownPrice: number | null): number => ownPrice ?? basePrice;

/**
 * What a way beyond the free one costs, rounded half up.
 *
 * @param perKilometre minor units
 */
export function surchargeFor(metres: number, freeMetres: number, perKilometre: number): number {
  const beyond = Math.max(Math.round(metres) - freeMetres, 0);
  return divideHalfUp(BigInt(beyond) * BigInt(perKilometre), 1000n);
}

/** The part of a price that is its tax, rounded half up: of 118 at 18 % it is 18. */
export const includedTax = (amount: number, basisPoints: number): number =>
  divideHalfUp(BigInt(amount) * BigInt(basisPoints), 10_000n + BigInt(basisPoints));

/** Who pays and who gets how much by the lines of a price. */
export type Shares = { pay_in: number; pay_out: number; platform: number; tax: number };

/**
 * Adds the lines up: `pay_in` is what the customer pays, `pay_out` what the provider gets in the end, `platform` what is left to the
 * platform, below zero where it bears more than it earns. What is paid in is what the others get.
 */
export function sharesOf(lines: readonly LineItem[]): Shares {
  const sum = (wanted: (line: LineItem) => boolean) =>
    lines.reduce((total, line) => total + (wanted(line) ? line.amount : 0), 0);
  return {
    pay_in: sum(({ payer }) => payer === 'customer'),
    pay_out: sum(({ payee }) => payee === 'provider') - sum(({ payer }) => payer === 'provider'),
    platform: sum(({ payee }) => payee === 'platform' || payee === 'promo'),
    tax: sum(({ payee }) => payee === 'tax'),
  };
}

/** The fee on an amount. */
export const feeOn = (subtotal: number, basisPoints: number): number =>
  divideHalfUp(BigInt(subtotal) * BigInt(basisPoints), 10_000n);

/** Rounds half up. Products of an amount and a time leave the integers that a number holds exactly, hence bigints. */
export function divideHalfUp(dividend: bigint, divisor: bigint): number {
  return Number((dividend * 2n + divisor) / (divisor * 2n));
}
