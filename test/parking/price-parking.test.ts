import fc from 'fast-check';
import { expect, test } from 'vitest';
import { priceParking } from '../../lambdas/parking/price-parking.ts';

const START = Date.parse('2026-11-21T10:00:00Z');
const windowOf = (minutes: number) => ({
  from: new Date(START).toISOString(),
  to: new Date(START + minutes * 60_000).toISOString(),
});

const anyBooking = [
  fc.integer({ min: 1, max: 8760 * 60 }),
  fc.integer({ min: 0, max: 99_999_999 }),
  fc.integer({ min: 0, max: 10_000 }),
] as const;

test('24 hours at 5.00 with a fee of 15 % cost 120.00 and 18.00', () => {
  expect(priceParking(windowOf(24 * 60), 500, 1500)).toMatchObject({
    subtotal_amount: 12_000,
    fee_amount: 1_800,
    total_amount: 13_800,
  });
});

test.each([
  [90, 333, 500, '1.5 h at 3.33 is 4.995, rounded up'],
  [10, 500, 83, '10 min at 5.00 is 0.8333, rounded down'],
  [168 * 60, 500, 84_000, 'a week'],
])('%i minutes at %i cost %i: %s', (minutes, rate, subtotal) => {
  expect(priceParking(windowOf(minutes), rate, 0).subtotal_amount).toBe(subtotal);
});

test('every part is within half a minor unit of its exact value', () => {
  fc.assert(
    fc.property(...anyBooking, (minutes, rate, points) => {
      const { subtotal_amount, fee_amount } = priceParking(windowOf(minutes), rate, points);
      expect(Math.abs(subtotal_amount * 60 - rate * minutes)).toBeLessThanOrEqual(30);
      expect(Math.abs(fee_amount * 10_000 - subtotal_amount * points)).toBeLessThanOrEqual(5_000);
    }),
  );
});

test('the total is the sum of the lines, and of subtotal and fee', () => {
  fc.assert(
    fc.property(...anyBooking, (minutes, rate, points) => {
      const price = priceParking(windowOf(minutes), rate, points);
      const lines = price.line_items.reduce((sum, line) => sum + line.amount, 0);
      expect(lines).toBe(price.total_amount);
      expect(price.subtotal_amount + price.fee_amount).toBe(price.total_amount);
    }),
  );
});

test('a longer booking never costs less', () => {
  fc.assert(
    fc.property(...anyBooking, (minutes, rate, points) => {
      const shorter = priceParking(windowOf(minutes), rate, points).total_amount;
      expect(priceParking(windowOf(minutes + 1), rate, points).total_amount).toBeGreaterThanOrEqual(shorter);
    }),
  );
});
