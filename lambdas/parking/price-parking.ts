import type { LineItem } from '../booking/booking.ts';
import { hoursOf, lengthOf, type Window } from './window.ts';

/** A price in minor units: `total_amount` is the sum of the lines, and of subtotal and fee. */
export type Price = {
  line_items: LineItem[];
  subtotal_amount: number;
  fee_amount: number;
  total_amount: number;
};

/**
 * The price of parking: the hourly rate for the exact time, and the customer's fee on it, each rounded half up to the
 * minor unit.
 *
 * @param hourlyRate minor units an hour
 * @param feeBasisPoints what the customer pays on top, in hundredths of a percent of the subtotal
 */
export function priceParking(window: Window, hourlyRate: number, feeBasisPoints: number): Price {
  const hours = Math.round(hoursOf(window) * 100) / 100;
  const subtotal = divideHalfUp(BigInt(hourlyRate) * BigInt(lengthOf(window)), 3_600_000n);
  const fee = divideHalfUp(BigInt(subtotal) * BigInt(feeBasisPoints), 10_000n);
  const parking: LineItem = {
    code: 'parking',
    description: hours === 1 ? '1 hour' : `${hours} hours`,
    quantity: hours,
    unit_amount: hourlyRate,
    amount: subtotal,
    payer: 'customer',
    payee: 'provider',
  };
  const service: LineItem = {
    code: 'service_fee',
    description: `${feeBasisPoints / 100} %`,
    quantity: 1,
    unit_amount: fee,
    amount: fee,
    payer: 'customer',
    payee: 'platform',
  };
  return {
    line_items: feeBasisPoints === 0 ? [parking] : [parking, service],
    subtotal_amount: subtotal,
    fee_amount: fee,
    total_amount: subtotal + fee,
  };
}

/** Products of an amount and a time leave the integers that a number holds exactly, so they are reckoned as bigints. */
function divideHalfUp(dividend: bigint, divisor: bigint): number {
  return Number((dividend * 2n + divisor) / (divisor * 2n));
}
