import fc from 'fast-check';
import { CODES, type Code } from './promos.ts';
import type { Trouble } from './world.ts';

/** What goes wrong on the way, if anything does. */
export const trouble: fc.Arbitrary<Trouble | null> = fc.oneof(
  { weight: 3, arbitrary: fc.constant(null) },
  {
    weight: 2,
    arbitrary: fc.record({
      at: fc.constant('gateway' as const),
      path: fc.constantFrom(
        '/v1/payment_intents',
        '/v1/payment_intents/*/capture',
        '/v1/payment_intents/*/cancel',
        '/v1/refunds',
        '/v1/transfers',
      ),
      how: fc.oneof(
        fc.record({ how: fc.constant('cut' as const), after: fc.boolean() }),
        fc.record({ status: fc.constantFrom(500, 503), after: fc.boolean() }),
      ),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      at: fc.constant('database' as const),
      kind: fc.constantFrom('fail' as const, 'lose' as const),
      skip: fc.integer({ min: 0, max: 12 }),
    }),
  },
);
/** Prices whose shares are whole cents, so that the model needs no rounding: that has tests of its own. A code may pay all of some. */
const price = fc.record({
  units: fc.integer({ min: 2, max: 40 }),
  hasFee: fc.constantFrom(true, true, false),
  code: fc.constantFrom<(Code | null)[]>(null, ...CODES),
});
export type Price = typeof price extends fc.Arbitrary<infer P> ? P : never;
const nth = fc.nat();
export const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      does: fc.constant('book' as const),
      price,
      hours: fc.constantFrom(30, 10),
      wallet: fc.boolean(),
      credits: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('drop' as const), price, lapses: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('elsewhere' as const), price, stays: fc.boolean() }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant('complete' as const),
      nth,
      comes: fc.constantFrom(true, true, false),
      lapses: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('owe' as const),
      price,
      hours: fc.constantFrom(30, 10),
      ends: fc.constantFrom('completed' as const, 'no_show' as const, 'driver' as const, 'host' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('pay debts' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('cancel' as const),
      nth,
      by: fc.constantFrom('driver' as const, 'host' as const),
      lapses: fc.boolean(),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('refund' as const),
      nth,
      units: fc.integer({ min: 1, max: 60 }),
      to: fc.constantFrom('source' as const, 'wallet' as const, 'credits' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('tip' as const),
      nth,
      amount: fc.integer({ min: 50, max: 5000 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('tell' as const), nth }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('top up' as const),
      amount: fc.integer({ min: 500, max: 5000 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('credits' as const), amount: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant('withdraw' as const),
      amount: fc.integer({ min: 1, max: 4000 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pay out' as const) }) },
);
export type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;
