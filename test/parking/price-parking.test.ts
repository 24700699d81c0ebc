import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { priceParking, type Rates, type Tariff } from '../../lambdas/parking/price-parking.ts';
import { asOwner } from '../support/database.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
const MONTH = 30 * DAY;

const ratesOf = (hourly: number, daily?: number, weekly?: number, monthly?: number): Rates => ({
  hourly_rate: hourly,
  daily_rate: daily ?? null,
  weekly_rate: weekly ?? null,
  monthly_rate: monthly ?? null,
});

type Ask = Rates & { seconds: number };

/** What the database makes of many times at once. */
async function tariffsOf(asks: readonly Ask[]): Promise<Tariff[]> {
  return asOwner(
    sql`
      select p.months, p.weeks, p.days, p.rest_seconds, p.amount
      from jsonb_array_elements(${asks}::jsonb) with ordinality as ask (a, n)
      cross join lateral parking.price_of((a ->> 'hourly_rate')::bigint, (a ->> 'daily_rate')::bigint,
        (a ->> 'weekly_rate')::bigint, (a ->> 'monthly_rate')::bigint, (a ->> 'seconds')::bigint) as p
      order by ask.n`,
  );
}

async function priceOf(rates: Rates, seconds: number, points = 0) {
  const [tariff] = await tariffsOf([{ ...rates, seconds }]);
  return priceParking(tariff as Tariff, rates, points);
}

const amounts = ({ line_items }: { line_items: { code: string; quantity: number }[] }) =>
  line_items.map(({ code, quantity }) => [code, quantity]);

test('24 hours at 5.00 with a fee of 15 % cost 120.00 and 18.00', async () => {
  expect(await priceOf(ratesOf(500), DAY, 1500)).toMatchObject({
    subtotal_amount: 12_000,
    fee_amount: 1_800,
    total_amount: 13_800,
  });
});

test('a day at 40.00 is cheaper than 24 hours at 5.00, and without it the hours count', async () => {
  expect((await priceOf(ratesOf(500, 4000), DAY)).subtotal_amount).toBe(4_000);
  expect((await priceOf(ratesOf(500), DAY)).subtotal_amount).toBe(12_000);
});

test.each([
  [1.5 * HOUR, ratesOf(333), 500, '1.5 h at 3.33 is 4.995, rounded up'],
  [HOUR / 6, ratesOf(500), 83, '10 min at 5.00 is 0.8333, rounded down'],
  [7 * HOUR, ratesOf(500, 4000), 3_500, 'hours below a day'],
  [9 * HOUR, ratesOf(500, 4000), 4_000, 'nine hours are dearer than the day that covers them'],
  [2 * DAY + 3 * HOUR, ratesOf(500, 4000), 9_500, 'two days and three hours'],
  [6 * DAY, ratesOf(500, 4000, 20_000), 20_000, 'six days are covered by a week'],
  [WEEK + DAY, ratesOf(500, 4000, 20_000), 24_000, 'a week and a day'],
  [MONTH, ratesOf(500, 4000, 20_000, 60_000), 60_000, 'thirty days are a month'],
  [29 * DAY, ratesOf(500, 4000, 20_000, 60_000), 60_000, 'a month covers 29 days'],
  [5 * WEEK, ratesOf(500, null as never, 20_000, 95_000), 100_000, 'five weeks beat a month and a rest'],
  [DAY, ratesOf(100, 4000), 2_400, 'a day that is dearer than its hours is left alone'],
  [HOUR, ratesOf(0), 0, 'a space that costs nothing'],
])('%i s cost what is cheapest: %o → %i, %s', async (seconds, rates, subtotal) => {
  expect((await priceOf(rates, seconds)).subtotal_amount).toBe(subtotal);
});

test('each kind of unit has a line of its own', async () => {
  const price = await priceOf(ratesOf(500, 4000, 20_000, 60_000), MONTH + WEEK + DAY + 2.5 * HOUR, 1000);
  expect(amounts(price)).toEqual([
    ['parking_months', 1],
    ['parking_weeks', 1],
    ['parking_days', 1],
    ['parking', 2.5],
    ['service_fee', 1],
  ]);
  expect(price.line_items.map(line => line.description)).toEqual([
    '1 month',
    '1 week',
    '1 day',
    '2.5 hours',
    '10 %',
  ]);
});

const anyRates = fc.record({
  hourly_rate: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 99_999_999 })),
  daily_rate: fc.option(fc.integer({ min: 0, max: 40_000 })),
  weekly_rate: fc.option(fc.integer({ min: 0, max: 200_000 })),
  monthly_rate: fc.option(fc.integer({ min: 0, max: 800_000 })),
});
const anySeconds = fc.oneof(
  fc.integer({ min: 1, max: 200 }).map(hours => hours * HOUR),
  fc.integer({ min: 1, max: 3 * MONTH }),
);
/** Many at once, since each look into the database costs a trip. */
const manyAsks = fc.array(fc.tuple(anyRates, anySeconds, fc.integer({ min: 0, max: 5_000 })), {
  minLength: 40,
  maxLength: 40,
});

/** The same by trying everything: slow, and too simple to be wrong. */
function cheapest({ seconds, hourly_rate, daily_rate, weekly_rate, monthly_rate }: Ask): number {
  let best = Number.POSITIVE_INFINITY;
  const upTo = (rate: number | null, length: number) => (rate === null ? 0 : Math.ceil(seconds / length));
  for (let m = 0; m <= upTo(monthly_rate, MONTH); m += 1) {
    for (let w = 0; w <= upTo(weekly_rate, WEEK); w += 1) {
      for (let d = 0; d <= upTo(daily_rate, DAY); d += 1) {
        const rest = Math.max(0, seconds - m * MONTH - w * WEEK - d * DAY);
        const hours = Math.floor((2 * hourly_rate * rest + HOUR) / (2 * HOUR));
        const cost = m * (monthly_rate ?? 0) + w * (weekly_rate ?? 0) + d * (daily_rate ?? 0) + hours;
        best = Math.min(best, cost);
      }
    }
  }
  return best;
}

describe('for any rates, any time and any fee', () => {
  test('no combination is cheaper, and none is negative', async () => {
    await fc.assert(
      fc.asyncProperty(manyAsks, async asks => {
        const wanted = asks.map(([rates, seconds]) => ({ ...rates, seconds }));
        const tariffs = await tariffsOf(wanted);
        expect(tariffs.map(({ amount }) => amount)).toEqual(wanted.map(cheapest));
      }),
      { numRuns: 15 },
    );
  });

  test('a longer time never costs less', async () => {
    await fc.assert(
      fc.asyncProperty(manyAsks, fc.integer({ min: 1, max: WEEK }), async (asks, more) => {
        const short = await tariffsOf(asks.map(([rates, seconds]) => ({ ...rates, seconds })));
        const long = await tariffsOf(asks.map(([rates, seconds]) => ({ ...rates, seconds: seconds + more })));
        for (const [n, tariff] of short.entries()) {
          expect(long[n]?.amount).toBeGreaterThanOrEqual(tariff.amount);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('the lines add up to the total, and to subtotal and fee, and cover the time', async () => {
    await fc.assert(
      fc.asyncProperty(manyAsks, async asks => {
        const tariffs = await tariffsOf(asks.map(([rates, seconds]) => ({ ...rates, seconds })));
        for (const [n, [rates, seconds, points]] of asks.entries()) {
          const tariff = tariffs[n] as Tariff;
          const price = priceParking(tariff, rates, points);
          const sum = price.line_items.reduce((total, line) => total + line.amount, 0);
          expect(sum).toBe(price.total_amount);
          expect(price.subtotal_amount).toBe(tariff.amount);
          expect(price.subtotal_amount + price.fee_amount).toBe(price.total_amount);
          expect(Math.abs(price.fee_amount * 10_000 - tariff.amount * points)).toBeLessThanOrEqual(5_000);
          const { months, weeks, days, rest_seconds } = tariff;
          expect(months * MONTH + weeks * WEEK + days * DAY + rest_seconds).toBeGreaterThanOrEqual(seconds);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('the fee that a search reckons is the one of a quote', async () => {
    const asks = fc.sample(fc.tuple(fc.nat(99_999_999_999), fc.integer({ min: 0, max: 10_000 })), 200);
    const rows = await asOwner(
      sql`select parking.fee_of((a ->> 0)::bigint, (a ->> 1)::integer) as fee
          from jsonb_array_elements(${asks}::jsonb) with ordinality as ask (a, n) order by n`,
    );
    const { feeOn } = await import('../../lambdas/booking/booking.ts');
    expect(rows.map(({ fee }) => fee)).toEqual(asks.map(([subtotal, points]) => feeOn(subtotal, points)));
  });
});
