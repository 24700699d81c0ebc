import fc from 'fast-check';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { clearAws } from '../support/control-aws.ts';
import { set } from '../support/settings.ts';
import { type Deal, Model } from './flows/model.ts';
import { type Trouble, World } from './flows/world.ts';
import { clearFaults } from './gateways/providers.ts';
import { breaches } from './pay.ts';

/**
 * Random bookings, payments, webhooks, cancellations, refunds, tips, credits and payouts through the API, the worker and the
 * schedules, with the gateway and the Lambdas failing on the way. After each step the books must equal an independent model to the
 * cent, and every invariant must hold.
 */

const trouble: fc.Arbitrary<Trouble | null> = fc.oneof(
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
/** Prices whose shares are whole cents, so that the model needs no rounding: that has tests of its own. */
const price = fc.record({ units: fc.integer({ min: 2, max: 40 }), discount: fc.constantFrom(0, 0, 100) });
const nth = fc.nat();
const step = fc.oneof(
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
  { weight: 4, arbitrary: fc.record({ does: fc.constant('complete' as const), nth }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant('cancel' as const),
      nth,
      by: fc.constantFrom('driver' as const, 'host' as const),
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
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pay out' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** The nth of the deals in a state, with its booking. */
function chosen(world: World, model: Model, state: Deal['state'], index: number) {
  const found = model.deals
    .map((deal, at) => ({ deal, made: world.bookings[at] }))
    .filter(({ deal }) => deal.state === state);
  const { deal, made } = found[index % Math.max(found.length, 1)] ?? {};
  return deal && made ? { deal, made } : undefined;
}

const tipped = new WeakSet<Deal>();

type Chosen = NonNullable<ReturnType<typeof chosen>>;

async function complete(world: World, model: Model, { deal, made }: Chosen): Promise<void> {
  await world.step(made, 'active');
  await world.step(made, 'completed');
  model.settle(deal, 100);
}

async function take(world: World, model: Model, next: Step): Promise<void> {
  switch (next.does) {
    case 'book': {
      const { units, discount } = next.price;
      const wanted = { subtotal: 200 * units, fee: 30 * units, discount };
      const booking = await world.book(wanted, next.hours);
      const wish = { booking_id: booking.id, use_wallet: next.wallet, use_credits: next.credits };
      model.pay(wanted, next);
      const payment = await world.pay(wish, ['authorized', 'succeeded']);
      world.bookings.push({ id: booking.id, hours: next.hours, payment });
      return;
    }
    case 'complete': {
      const found = chosen(world, model, 'paid', next.nth);
      if (found) await complete(world, model, found);
      return;
    }
    case 'cancel': {
      const found = chosen(world, model, 'paid', next.nth);
      if (!found) return;
      await world.cancel(next.by, found.made);
      // Whoever is booked is at fault and gets nothing; a driver who cancels within a day of the start pays half.
      model.settle(found.deal, next.by === 'host' || found.made.hours > 24 ? 0 : 50);
      return;
    }
    case 'refund': {
      const found = chosen(world, model, 'over', next.nth);
      // A discount is not the payer's to get back.
      if (!found || found.deal.discount > 0) return;
      const amount = 23 * Math.min(next.units, Math.floor(model.left(found.deal) / 23));
      if (amount === 0) return;
      const path = `/api/v1/admin/payments/${found.made.payment.id}/refunds`;
      await world.insist('finance', path, {
        amount,
        to: next.to,
        reason: 'Half of the driveway was blocked.',
      });
      model.refund(found.deal, amount, next.to);
      return;
    }
    case 'tip': {
      const found = chosen(world, model, 'over', next.nth);
      if (!found || tipped.has(found.deal)) return;
      tipped.add(found.deal);
      const { subtotal, fee, discount } = found.deal;
      const amount = Math.min(next.amount, subtotal + fee - discount);
      const { id } = await world.insist('driver', `/api/v1/bookings/${found.made.id}/tip`, { amount });
      await world.pay({ tip_id: id }, ['succeeded']);
      model.tip(amount);
      return;
    }
    case 'tell': {
      const known = world.bookings[next.nth % Math.max(world.bookings.length, 1)];
      if (known) await world.tell(known.payment);
      return;
    }
    case 'top up': {
      const { id } = await world.insist('driver', '/api/v1/wallet/top-ups', { amount: next.amount });
      await world.pay({ topup_id: id }, ['succeeded']);
      model.topUp(next.amount);
      return;
    }
    case 'credits': {
      const gift = { amount: next.amount, description: 'For the trouble.' };
      await world.insist('finance', `/api/v1/admin/users/${world.driver.id}/credits`, gift);
      model.giveCredits(next.amount);
      return;
    }
    case 'pay out':
      // Days pass until the next run: whoever has not come by then would be taken not to come.
      for (let open = chosen(world, model, 'paid', 0); open; open = chosen(world, model, 'paid', 0))
        await complete(world, model, open);
      await world.settle();
      await world.payOut();
      model.payOut();
  }
}

const nonZero = (books: Iterable<[string, number]>) =>
  Object.fromEntries([...books].filter(([, amount]) => amount !== 0).sort());

beforeAll(async () => {
  await set('driveway', 'payout_hold_days', 1);
  await set('driveway', 'payout_minimum_amount', 1);
  await set('driveway', 'payout_fee_amount', 0);
});
afterEach(async () => {
  await clearAws();
  await clearFaults('stripe');
});

test('whatever is booked, paid, cancelled, refunded and paid out, and whatever fails on the way, the books are right to the cent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, trouble), { minLength: 6, maxLength: 14 }), async steps => {
      const world = await World.create();
      const model = new Model();
      for (const [next, wrong] of steps) {
        world.trouble = wrong;
        await take(world, model, next);
        await world.settle();
        await clearAws();
        await clearFaults('stripe');
        await world.settle();
        expect(nonZero(Object.entries(await world.books())), JSON.stringify(next)).toEqual(
          nonZero(model.books),
        );
        expect(await breaches()).toEqual([]);
      }
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 3), endOnFailure: true },
  );
}, 600_000);
