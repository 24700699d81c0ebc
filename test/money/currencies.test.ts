import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { exponentOf, formatAmount, fromMajor, toMajor } from '../../lambdas/money/currencies.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { asOwner } from '../support/database.ts';

const CURRENCIES = ['USD', 'INR', 'PHP', 'JPY', 'KWD', 'CLF', 'XCR'];

test('the database and the code agree on every currency’s exponent, and the marketplaces on theirs', async () => {
  const rows: { code: string; exponent: number }[] = await asOwner(
    sql`select code, exponent from money.currencies`,
  );
  expect(rows.length).toBeGreaterThan(150);
  expect(rows.filter(({ code, exponent }) => exponentOf(code) !== exponent)).toEqual([]);
  const known = new Map(rows.map(({ code, exponent }) => [code, exponent]));
  for (const { currency, currency_digits } of marketplaces) expect(known.get(currency)).toBe(currency_digits);
});

test('an amount is written in major units and read back exactly', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.constantFrom(...CURRENCIES), (amount, currency) => {
      expect(fromMajor(toMajor(amount, currency), currency)).toBe(amount === 0 ? 0 : amount);
    }),
  );
});

test.each([
  [1050, 'USD', 'en-US', '$10.50'],
  [1050, 'JPY', 'en-US', '¥1,050'],
  [1050, 'KWD', 'en-US', 'KWD 1.050'],
  [12_345_678, 'INR', 'en-IN', '₹1,23,456.78'],
  [9_007_199_254_740_991, 'USD', 'en-US', '$90,071,992,547,409.91'],
  [-5, 'PHP', 'en-PH', '-₱0.05'],
])('%d of %s reads as people write it', (amount, currency, language, text) => {
  expect(formatAmount(amount, currency, language).replaceAll('\u00a0', ' ')).toBe(text);
});

test.each([
  ['1.5', 'JPY'],
  ['1.0505', 'KWD'],
  ['1,5', 'USD'],
  ['', 'USD'],
  ['1e3', 'USD'],
  ['99999999999999999', 'USD'],
])('%s of %s is no amount', (text, currency) => {
  expect(() => fromMajor(text, currency)).toThrow(RangeError);
});
