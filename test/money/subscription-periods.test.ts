import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

const bound = async (anchor: string, zone: string, months: readonly number[]): Promise<string[]> =>
  (
    await asOwner(sql`
      select array(
        select to_char(money.period_bound(${anchor}::timestamptz, ${zone}, n::integer) at time zone ${zone}, 'YYYY-MM-DD HH24:MI')
        from jsonb_array_elements_text(${months}::jsonb) as n) as bounds`)
  )[0].bounds;

test('months are the calendar’s: a short one ends earlier and shifts none after it', async () => {
  expect(await bound('2026-01-31T10:00+05:30', 'Asia/Kolkata', [0, 1, 2, 3, 12, 13])).toEqual([
    '2026-01-31 10:00',
    '2026-02-28 10:00',
    '2026-03-31 10:00',
    '2026-04-30 10:00',
    '2027-01-31 10:00',
    '2027-02-28 10:00',
  ]);
  expect(await bound('2028-01-30T23:30+05:30', 'Asia/Kolkata', [1, 2])).toEqual([
    '2028-02-29 23:30',
    '2028-03-30 23:30',
  ]);
});

test('a month is counted where the marketplace is, through daylight saving time', async () => {
  // In UTC this is the first of March already.
  expect(await bound('2027-02-28T20:00-08:00', 'America/Los_Angeles', [1, 2, 9])).toEqual([
    '2027-03-28 20:00',
    '2027-04-28 20:00',
    '2027-11-28 20:00',
  ]);
});

const moment = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2036, 0) });
const zone = fc.constantFrom('Asia/Kolkata', 'America/Los_Angeles', 'Asia/Manila', 'UTC');

/** The last day of a month that counts from 1. */
const lastDay = (year: number, month: number) => new Date(Date.UTC(year, month, 0)).getUTCDate();

test('each period begins where the one before it ends, on the anchor’s day or the month’s last', async () => {
  await fc.assert(
    fc.asyncProperty(moment, zone, fc.integer({ min: 1, max: 12 }), async (at, where, months) => {
      const anchor = new Date(Math.floor(at / 60_000) * 60_000).toISOString();
      const bounds = await bound(
        anchor,
        where,
        Array.from({ length: 15 }, (_, n) => n * months),
      );
      const [first = ''] = bounds;
      const [year = 0, month = 0, day = 0] = first.split(/[- :]/).map(Number);
      for (const [n, text] of bounds.entries()) {
        const counted = month - 1 + n * months;
        const [wantedYear, wantedMonth] = [year + Math.floor(counted / 12), (counted % 12) + 1];
        const wanted = Math.min(day, lastDay(wantedYear, wantedMonth));
        expect(text.slice(0, 10)).toBe(
          [wantedYear, wantedMonth, wanted].map(part => String(part).padStart(2, '0')).join('-'),
        );
      }
      expect([...bounds].sort()).toEqual(bounds);
    }),
    { numRuns: 60 },
  );
});

test('what is used and what is not make the whole, exactly, and time only takes away', async () => {
  const micros = fc.bigInt({ min: 1n, max: 94_608_000_000_000n });
  await fc.assert(
    fc.asyncProperty(
      fc.bigInt({ min: 1n, max: 1_000_000_000_000n }),
      micros,
      fc.array(fc.bigInt({ min: -1_000n, max: 94_608_000_001_000n }), { minLength: 1, maxLength: 12 }),
      async (amount, length, moments) => {
        const sorted = [...moments].sort((a, b) => (a < b ? -1 : 1));
        const [{ parts }] = await asOwner(sql`
          select array(
            select money.unused_part(${`${amount}`}::bigint, t.from_at,
              t.from_at + make_interval(secs => 0) + (${`${length}`} || ' microseconds')::interval,
              t.from_at + (m || ' microseconds')::interval)::text
            from jsonb_array_elements_text(${sorted.map(String)}::jsonb) with ordinality as e (m, n),
              (values ('2026-11-20T00:00Z'::timestamptz)) as t (from_at)
            order by e.n) as parts`);
        const exact = sorted.map(at => {
          const used = at < 0n ? 0n : at > length ? length : at;
          return (amount * (length - used)) / length;
        });
        expect(parts).toEqual(exact.map(String));
        expect(
          exact.every((part, n) => part >= 0n && part <= amount && (n === 0 || part <= (exact[n - 1] ?? 0n))),
        ).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
});
