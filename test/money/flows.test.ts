import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { clearAws } from '../support/control-aws.ts';
import { set } from '../support/settings.ts';
import { type Deal, Model } from './flows/model.ts';
import { CODES, type Use } from './flows/promos.ts';
import { type Price, type Step, step, trouble } from './flows/steps.ts';
import { World } from './flows/world.ts';
import { clearFaults } from './gateways/providers.ts';
import { breaches } from './pay.ts';
import { rewound } from './payout-runs.ts';

/**
 * Random bookings, promo codes, payments, debts, webhooks, cancellations, refunds, tips, credits, withdrawals and payouts through the API, the
 * worker and the schedules, with the gateway and the Lambdas failing on the way. After each step the books and the uses of the codes must equal an
 * independent model to the cent, and every invariant must hold.
 */

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

/** The driver comes and goes, or does not come, which costs as much. The bank may have let go of what it had reserved. */
async function end(
  world: World,
  model: Model,
  { deal, made }: Chosen,
  { comes, hasCard }: { comes: boolean; hasCard: boolean },
): Promise<void> {
  for (const status of comes ? ['active', 'completed'] : ['no_show']) await world.step(made, status);
  model.settle(deal, 100, hasCard);
  // Nobody tips, or has a part back of, what did not take place.
  if (!comes) deal.state = 'cancelled';
}

/** Whoever is booked is at fault and gets nothing; a driver who cancels within a day of the start pays half. */
async function cancel(
  world: World,
  model: Model,
  { deal, made }: Chosen,
  { by, hasCard }: { by: 'driver' | 'host'; hasCard: boolean },
): Promise<void> {
  await world.cancel(by, made);
  model.settle(deal, by === 'host' || made.hours > 24 ? 0 : 50, hasCard);
  if (deal.use && by === 'host') deal.use.isReleased = true;
}

/** Books with a code or without one. Null where the code must be refused, which it then was. */
async function book(
  world: World,
  model: Model,
  who: Use['who'],
  { units, hasFee, code }: Price,
  hours: number,
  more?: Record<string, unknown>,
) {
  const subtotal = 200 * units;
  const discount = code ? model.promos.discount(code, subtotal) : 0;
  const wanted = { subtotal, fee: hasFee ? 30 * units : 0, discount, code: code?.name ?? null };
  const booking = world.book(who, wanted, hours, more);
  const refusal = code && model.promos.refusal(code, who);
  if (refusal) {
    await expect(booking).rejects.toThrow(refusal);
    return null;
  }
  const { id } = await booking;
  return { id, price: { ...wanted, use: code && model.promos.use(code, who, discount) } };
}

async function take(world: World, model: Model, next: Step): Promise<void> {
  switch (next.does) {
    case 'book': {
      const made = await book(world, model, 'driver', next.price, next.hours);
      if (!made) return;
      const { wallet, card, credits } = model.pay(made.price, next);
      const wish = { booking_id: made.id, use_wallet: next.wallet, use_credits: next.credits };
      const isFree = wallet + card + credits === 0;
      const payment = isFree ? null : await world.pay(wish, ['authorized', 'succeeded']);
      world.bookings.push({ id: made.id, hours: next.hours, payment });
      return;
    }
    case 'drop': {
      // Nobody has accepted what is not paid for: the code can be used again.
      const wait = { payment_timeout: next.lapses ? 60 : 6 * 3600 };
      const made = await book(world, model, 'driver', { ...next.price, hasFee: true }, 30, wait);
      if (!made) return;
      if (!next.lapses) await world.cancel('driver', made);
      if (made.price.use) made.price.use.isReleased = true;
      return;
    }
    case 'elsewhere': {
      // Another driver asks for a time that the host has not agreed to yet, and may think better of it.
      const asks = { instant: false, request_timeout: 300 * 24 * 3600 };
      const made = await book(world, model, 'rival', next.price, 300 * 24, asks);
      if (!made || next.stays) return;
      await world.cancel('rival', made);
      if (made.price.use) made.price.use.isReleased = true;
      return;
    }
    case 'complete': {
      const found = chosen(world, model, 'paid', next.nth);
      if (!found) return;
      const hasCard = !(next.lapses && (await world.lapse(found.made.payment)));
      await end(world, model, found, { comes: next.comes, hasCard });
      return;
    }
    case 'owe': {
      const made = await book(world, model, 'driver', next.price, next.hours, { payment_timeout: 0 });
      if (!made) return;
      const deal = model.leaveUnpaid(made.price);
      const booking = { id: made.id, hours: next.hours, payment: null };
      world.bookings.push(booking);
      const { ends } = next;
      if (ends === 'driver' || ends === 'host')
        await cancel(world, model, { deal, made: booking }, { by: ends, hasCard: false });
      else await end(world, model, { deal, made: booking }, { comes: ends === 'completed', hasCard: false });
      return;
    }
    case 'pay debts':
      await world.payDebts();
      model.payDebts();
      return;
    case 'cancel': {
      const found = chosen(world, model, 'paid', next.nth);
      if (!found) return;
      const hasCard = !(next.lapses && (await world.lapse(found.made.payment)));
      await cancel(world, model, found, { by: next.by, hasCard });
      return;
    }
    case 'refund': {
      const found = chosen(world, model, 'over', next.nth);
      // A discount is not the payer's to get back.
      if (!found?.made.payment || found.deal.discount > 0) return;
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
      // Nobody tips more than they paid.
      if (amount === 0) return;
      const { id } = await world.insist('driver', `/api/v1/bookings/${found.made.id}/tip`, { amount });
      await world.pay({ tip_id: id }, ['succeeded']);
      model.tip(amount);
      return;
    }
    case 'tell': {
      const known = world.bookings[next.nth % Math.max(world.bookings.length, 1)];
      if (known?.payment) await world.tell(known.payment);
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
    case 'withdraw': {
      const asked = world.insist('driver', '/api/v1/wallet/withdrawals', { amount: next.amount });
      if (model.of('owed') < 0) await expect(asked).rejects.toThrow('money_owed');
      else if (next.amount > model.own()) await expect(asked).rejects.toThrow('not_withdrawable');
      else {
        await asked;
        model.withdraw(next.amount);
      }
      return;
    }
    case 'pay out':
      // Days pass until the next run: whoever has not come by then would be taken not to come.
      for (let open = chosen(world, model, 'paid', 0); open; open = chosen(world, model, 'paid', 0))
        await end(world, model, open, { comes: true, hasCard: true });
      await world.settle();
      await world.payOut();
      model.payOut();
  }
}

const nonZero = (books: Iterable<[string, number]>) =>
  Object.fromEntries([...books].filter(([, amount]) => amount !== 0).sort());

beforeAll(async () => {
  await set('driveway', 'payout_interval', 'daily');
  await set('driveway', 'payout_hold_days', 1);
  await set('driveway', 'payout_minimum_amount', 1);
  await set('driveway', 'payout_fee_amount', 0);
  await set('driveway', 'wallet_withdrawal_min', 1);
});
afterAll(() => rewound('driveway'));
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
        for (const { name } of CODES)
          expect(await world.promo(name), JSON.stringify(next)).toEqual(model.promos.of(name));
        expect(await breaches()).toEqual([]);
      }
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 3), endOnFailure: true },
  );
}, 600_000);
