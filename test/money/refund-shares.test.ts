import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

type Item = { code: string; payer: string; payee: string; amount: number };

/** Lines of a price: what the customer pays, at times less a discount, and what a provider pays beside. */
const items = fc
  .tuple(
    fc.array(fc.integer({ min: 1, max: 1_000_000_000 }), { minLength: 1, maxLength: 6 }),
    fc.double({ min: 0, max: 0.99, noNaN: true }),
    fc.boolean(),
  )
  .map(([amounts, discount, commission]): Item[] => {
    const total = amounts.reduce((sum, amount) => sum + amount, 0);
    const off = Math.floor(total * discount);
    return [
      ...amounts.map((amount, n) => ({ code: `line_${n}`, payer: 'customer', payee: 'provider', amount })),
      ...(off > 0 ? [{ code: 'promo', payer: 'customer', payee: 'promo', amount: -off }] : []),
      ...(commission ? [{ code: 'commission', payer: 'provider', payee: 'platform', amount: 7 }] : []),
    ];
  });

const ofCustomer = (lines: readonly Item[]) => lines.filter(({ payer }) => payer === 'customer');
const sumOf = (lines: readonly Item[]) => lines.reduce((sum, { amount }) => sum + amount, 0);

async function shared(lines: readonly Item[], worth: number): Promise<{ parts: Item[]; rest: Item[] }> {
  const [row] = await asOwner(sql`
    with shared as (select money.share(${lines}::jsonb, ${worth}::bigint) as parts)
    select parts, money.less(${lines}::jsonb, parts) as rest from shared`);
  return row;
}

test('the parts of lines add up to the amount, none is more than its line, and all of it is all lines', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.double({ min: 0, max: 1, noNaN: true }), async (lines, fraction) => {
      const whole = sumOf(ofCustomer(lines));
      const worth = Math.max(1, Math.floor(whole * fraction));
      const { parts, rest } = await shared(lines, worth);
      expect(sumOf(parts)).toBe(worth);
      for (const part of parts) {
        const line = lines.find(({ code }) => code === part.code);
        expect(Math.abs(part.amount)).toBeLessThanOrEqual(Math.abs(line?.amount ?? 0));
        // Within one unit of the exact share.
        expect(Math.abs(part.amount - ((line?.amount ?? 0) * worth) / whole)).toBeLessThanOrEqual(1 + 1e-3);
      }
      expect(sumOf(ofCustomer(rest))).toBe(whole - worth);
      expect((await shared(lines, whole)).parts.toSorted(byCode)).toEqual(ofCustomer(lines).toSorted(byCode));
    }),
    { numRuns: 60 },
  );
});

const byCode = (a: Item, b: Item) => a.code.localeCompare(b.code);

test('what is left after one share is shared to the end', async () => {
  await fc.assert(
    fc.asyncProperty(items, fc.integer({ min: 1, max: 5 }), async (lines, times) => {
      let left = ofCustomer(lines);
      for (let step = times; step > 0; step -= 1) {
        const whole = sumOf(left);
        const worth = step === 1 ? whole : Math.floor(whole / step);
        if (worth === 0) continue;
        left = (await shared(left, worth)).rest;
      }
      expect(left).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
