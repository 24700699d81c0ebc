import * as z from 'zod/mini';
import { divideHalfUp, lineOf, type Price, withFee } from '../booking/booking.ts';

/** Minor units for an hour, for 24 hours, for 7 days and for 30 days. Null is not offered. */
export const Rates = z.object({
  hourly_rate: z.int(),
  daily_rate: z.nullable(z.int()),
  weekly_rate: z.nullable(z.int()),
  monthly_rate: z.nullable(z.int()),
});
export type Rates = z.output<typeof Rates>;

/** How a time is paid for: whole units, and seconds at the hourly rate. What `parking.price_of` has found to be cheapest. */
export const Tariff = z.object({
  months: z.int(),
  weeks: z.int(),
  days: z.int(),
  rest_seconds: z.int(),
  amount: z.int(),
});
export type Tariff = z.output<typeof Tariff>;

const HOUR = 3600n;
const plural = (count: number, unit: string) => (count === 1 ? `1 ${unit}` : `${count} ${unit}s`);

/**
 * The price of parking: a line for each kind of unit, and the customer's fee.
 *
 * @param basisPoints what the customer pays on top, in hundredths of a percent of the subtotal
 */
export function priceParking(tariff: Tariff, rates: Rates, basisPoints: number): Price {
  const units = [
    { code: 'parking_months', unit: 'month', count: tariff.months, rate: rates.monthly_rate ?? 0 },
    { code: 'parking_weeks', unit: 'week', count: tariff.weeks, rate: rates.weekly_rate ?? 0 },
    { code: 'parking_days', unit: 'day', count: tariff.days, rate: rates.daily_rate ?? 0 },
  ];
  const lines = units
    .filter(({ count }) => count > 0)
    .map(({ code, unit, count, rate }) =>
      lineOf({
        code,
        description: plural(count, unit),
        quantity: count,
        unit_amount: rate,
        amount: count * rate,
      }),
    );
  if (tariff.rest_seconds > 0) {
    const hours = Math.round(tariff.rest_seconds / 36) / 100;
    lines.push(
      lineOf({
        code: 'parking',
        description: plural(hours, 'hour'),
        quantity: hours,
        unit_amount: rates.hourly_rate,
        amount: divideHalfUp(BigInt(rates.hourly_rate) * BigInt(tariff.rest_seconds), HOUR),
      }),
    );
  }
  return withFee(lines, basisPoints);
}
