import type { LineItem } from './booking.ts';

/** A price in minor units: `total_amount` is the sum of the lines, and of subtotal and fee. */
export type Price = {
  line_items: LineItem[];
  subtotal_amount: number;
  fee_amount: number;
  total_amount: number;
};

/** A line that the customer pays to the provider. */
export const lineOf = (
  line: Pick<LineItem, 'code' | 'description' | 'quantity' | 'unit_amount' | 'amount'>,
): LineItem => ({ ...line, payer: 'customer', payee: 'provider' });

/**
 * The price of lines that go to the provider, with the customer's fee on top as a line of its own.
 *
 * @param basisPoints the fee, in hundredths of a percent of the subtotal, rounded half up to the minor unit
 */
export function withFee(lines: readonly LineItem[], basisPoints: number): Price {
  const subtotal = lines.reduce((sum, line) => sum + line.amount, 0);
  const fee = feeOn(subtotal, basisPoints);
  const service: LineItem = {
    code: 'service_fee',
    description: `${basisPoints / 100} %`,
    quantity: 1,
    unit_amount: fee,
    amount: fee,
    payer: 'customer',
    payee: 'platform',
  };
  return {
    line_items: basisPoints === 0 ? [...lines] : [...lines, service],
    subtotal_amount: subtotal,
    fee_amount: fee,
    total_amount: subtotal + fee,
  };
}

/** The fee on an amount. */
export const feeOn = (subtotal: number, basisPoints: number): number =>
  divideHalfUp(BigInt(subtotal) * BigInt(basisPoints), 10_000n);

/** Rounds half up. Products of an amount and a time leave the integers that a number holds exactly, hence bigints. */
export function divideHalfUp(dividend: bigint, divisor: bigint): number {
  return Number((dividend * 2n + divisor) / (divisor * 2n));
}
