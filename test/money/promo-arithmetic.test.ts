import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

type Ask = { type: string; value: number; cap: number | null; minimum: number | null; subtotal: number };

/** What the database takes off for many asks at once. */
async function discountsOf(asks: readonly Ask[]): Promise<number[]> {
  const rows = await asOwner(sql`
    select money.discount_of(a ->> 'type', (a ->> 'value')::bigint, (a ->> 'cap')::bigint, (a ->> 'minimum')::bigint,
        (a ->> 'subtotal')::bigint) as discount
    from jsonb_array_elements(${asks}::jsonb) with ordinality as ask (a, n) order by n`);
  return rows.map(({ discount }) => Number(discount));
}

const ask = (more: Partial<Ask>): Ask => ({
  type: 'percentage',
  value: 2000,
  cap: null,
  minimum: null,
  subtotal: 1000,
  ...more,
});

test.each([
  ['20 % of 1500.00 with a cap of 200.00', ask({ subtotal: 150_000, cap: 20_000 }), 20_000],
  ['1000.00 of 800.00', ask({ type: 'fixed_amount', value: 100_000, subtotal: 80_000 }), 80_000],
  ['100 % of 800.00', ask({ value: 10_000, subtotal: 80_000 }), 80_000],
  ['12.5 % of 0.04, rounded half up', ask({ value: 1250, subtotal: 4 }), 1],
  ['12.49 % of 0.04, rounded down', ask({ value: 1249, subtotal: 4 }), 0],
  ['an amount that reaches the minimum', ask({ minimum: 1000 }), 200],
  ['an amount below the minimum', ask({ minimum: 1001 }), 0],
  ['nothing', ask({ subtotal: 0 }), 0],
  ['50 % of a trillion', ask({ value: 5000, subtotal: 1_000_000_000_000 }), 500_000_000_000],
])('%s', async (_, asked, discount) => {
  expect(await discountsOf([asked])).toEqual([discount]);
});

const money = fc.oneof(fc.nat(50), fc.nat(100_000), fc.nat(1_000_000_000_000));
const limit = fc.option(money.map(amount => amount + 1));
const asks = fc.oneof(
  fc.record({
    type: fc.constant('percentage'),
    value: fc.integer({ min: 1, max: 10_000 }),
    cap: limit,
    minimum: limit,
    subtotal: money,
  }),
  fc.record({
    type: fc.constant('fixed_amount'),
    value: money.map(amount => amount + 1),
    cap: fc.constant(null),
    minimum: limit,
    subtotal: money,
  }),
);

/** The same in exact fractions: what a percentage comes to lies within half a minor unit. */
function isRight({ type, value, cap, minimum, subtotal }: Ask, discount: number): boolean {
  if (minimum !== null && subtotal < minimum) return discount === 0;
  if (type === 'fixed_amount') return discount === Math.min(value, subtotal);
  if (discount === Math.min(cap ?? subtotal, subtotal)) {
    return 20_000n * BigInt(discount) <= 2n * BigInt(subtotal) * BigInt(value) + 10_000n;
  }
  const off = 20_000n * BigInt(discount) - 2n * BigInt(subtotal) * BigInt(value);
  return discount < Math.min(cap ?? subtotal, subtotal) && off > -10_000n && off <= 10_000n;
}

test('a discount is never negative, never more than the price or the cap, and exact to half a minor unit', async () => {
  const sample = fc.sample(asks, 3000);
  const discounts = await discountsOf(sample);
  const wrong = sample.filter((asked, at) => !isRight(asked, discounts[at] ?? Number.NaN));
  expect(wrong).toEqual([]);
  expect(discounts.some(discount => discount > 0)).toBe(true);
});

test('a dearer booking is never cheaper for having a code, once it reaches the minimum', async () => {
  const sample = fc.sample(asks, 1000).filter(({ minimum, subtotal }) => subtotal >= (minimum ?? 0));
  const less = await discountsOf(sample);
  const more = await discountsOf(sample.map(asked => ({ ...asked, subtotal: asked.subtotal + 1 })));
  const wrong = sample.filter((_, at) => (more[at] ?? 0) - (less[at] ?? 0) > 1);
  expect(wrong).toEqual([]);
});

type Stay = { lines: number[]; fee: number; discount: number; percent: number };
const stays: fc.Arbitrary<Stay> = fc
  .record({
    lines: fc.array(money, { minLength: 1, maxLength: 4 }),
    fee: money,
    share: fc.double({ min: 0, max: 1, noNaN: true }),
    percent: fc.integer({ min: 0, max: 100 }),
  })
  .map(({ share, ...stay }) => {
    const subtotal = stay.lines.reduce((sum, line) => sum + line, 0);
    return { ...stay, discount: Math.min(subtotal, Math.ceil(subtotal * share)) };
  });

const itemsOf = ({ lines, fee, discount }: Stay) => [
  ...lines.map(amount => ({ code: 'parking', payer: 'customer', payee: 'provider', amount })),
  { code: 'service_fee', payer: 'customer', payee: 'platform', amount: fee },
  { code: 'promo_discount', payer: 'customer', payee: 'promo', amount: -discount },
];

/** What comes back of each line by a percentage. */
async function refundsOf(sample: readonly Stay[]): Promise<number[][]> {
  const asked = sample.map(stay => ({ percent: stay.percent, line_items: itemsOf(stay) }));
  const rows = await asOwner(sql`
    select (select jsonb_agg(i -> 'amount' order by p) from jsonb_array_elements(booking.refund_items(
        jsonb_populate_record(null::booking.bookings, a - 'percent'), (a ->> 'percent')::integer)) with ordinality as r (i, p)) as items
    from jsonb_array_elements(${asked}::jsonb) with ordinality as ask (a, n) order by n`);
  return rows.map(({ items }) => items);
}

const sum = (amounts: readonly number[]) => amounts.reduce((total, amount) => total + amount, 0);

test('a cancellation returns a share of what was paid, line by line, and the platform keeps bearing its share', async () => {
  const sample = fc.sample(stays, 2000);
  const refunds = await refundsOf(sample);
  const wrong = sample.filter((stay, at) => {
    const back = refunds[at] ?? [];
    const lines = itemsOf(stay).map(({ amount }) => amount);
    const [paid, returned] = [sum(lines), sum(back)];
    const bounded = back.every((amount, n) => {
      const line = lines[n] ?? Number.NaN;
      return line >= 0 ? amount >= 0 && amount <= line : amount <= 0 && amount >= line;
    });
    const near = Math.abs(returned - (paid * stay.percent) / 100) <= lines.length;
    const whole = stay.percent < 100 || returned === paid;
    const none = stay.percent > 0 || back.every(amount => amount === 0);
    // Whoever is booked keeps exactly what they would without the code.
    const same = back
      .slice(0, -1)
      .every((amount, n) => amount === Math.floor(((lines[n] ?? 0) * stay.percent * 2 + 100) / 200));
    return !(bounded && near && whole && none && same && returned >= 0 && returned <= paid);
  });
  expect(wrong).toEqual([]);
});

test('half of three cents and a code of the same goes nowhere below zero', async () => {
  const stay = { lines: [1, 1, 1], fee: 0, discount: 3, percent: 50 };
  expect(await refundsOf([stay])).toEqual([[1, 1, 1, 0, -3]]);
  expect(await refundsOf([{ ...stay, discount: 1 }])).toEqual([[1, 1, 1, 0, -1]]);
});
