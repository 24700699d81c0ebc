import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { type Statement, sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { clearFaults, orderFault } from './gateways/providers.ts';
import { balancesOf, topUp } from './ledger.ts';
import { breaches } from './pay.ts';
import { keepsToken } from './subscribers.ts';
import { type Charge, Model, WALLET } from './subscription-rules.ts';

/**
 * Random lives of a subscription against a model that knows the rules and counts in integers. After each step both must agree on
 * status, plan, period, on every charge to the minor unit, on what the person has left, and on who is refused and why; and every
 * invariant must hold.
 */

/** Further ahead there may be no partitions. */
const MOST_HOURS = 80 * 24;

const plan = fc.constantFrom('tenant_premium', 'host_premium');
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 400 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('buy' as const), plan }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('change' as const), plan }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('cancel' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('resume' as const) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('pay' as const) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('keep a method' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('lose the method' as const) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('break a call' as const), after: fc.boolean() }) },
);

const WISH = { gateways: ['razorpay'], capture: 'now', use_wallet: true, options: {} };

/** Calls a function for somebody whose session may have ended meanwhile. The refusal's code, or null. */
const taken = (person: Person, { text, values }: Statement): Promise<string | null> => {
  const context = { marketplace: 'homigo', actor: person.id, now: new Date() };
  const called = `with caller as (select app.set_context(($1->>${values.length})::jsonb)) ${text} from caller`;
  return asOwner({ text: called, values: [...values, context] }).then(
    () => null,
    (error: Error) => JSON.parse(error.message).constraint,
  );
};

async function isDue(person: Person): Promise<boolean> {
  const [row] = await asOwner(sql`
    select exists (
      select from money.subscription_charges c join money.subscriptions s on s.id = c.subscription_id
      where s.user_id = ${person.id}::uuid and c.is_due) as due`);
  return row.due;
}

async function observed(person: Person) {
  const [row] = await asOwner(sql`
    select s.id, s.status, s.plan, s.next_plan, s.amount, s.cancel_at_period_end, s.current_period_start, s.current_period_end,
      array(select to_jsonb(c) from money.subscription_charges c
            where c.subscription_id = s.id and c.status <> 'void' order by c.id) as charges
    from money.subscriptions s where s.user_id = ${person.id}::uuid order by s.id desc limit 1`);
  if (!row) return null;
  const at = (text: string) => new Date(text).getTime();
  return {
    status: row.status,
    plan: row.plan,
    next: row.next_plan,
    amount: row.amount,
    period: [at(row.current_period_start), at(row.current_period_end)],
    charges: row.charges.map(
      (c: Omit<Charge, 'from' | 'to'> & { period_start: string; period_end: string }) => ({
        kind: c.kind,
        plan: c.plan,
        price: c.price,
        credit: c.credit,
        from: at(c.period_start),
        to: at(c.period_end),
        status: c.status,
      }),
    ),
    wallet: (await balancesOf(person.id)).wallet,
  };
}

const expected = ({ status, plan, next, amount, from, to, charges, wallet }: Model) =>
  status === 'none' ? null : { status, plan, next, amount, period: [from, to], charges, wallet };

async function run(steps: readonly (typeof step extends fc.Arbitrary<infer S> ? S : never)[]) {
  // Each life begins now, and with calls that are answered.
  vi.useRealTimers();
  await clearFaults('razorpay');
  const person = await signUp('homigo', { roles: ['tenant', 'host'] });
  await topUp(person.id, WALLET, 'homigo', 'INR');
  const model = new Model();
  let hours = 0;
  for (const [n, what] of steps.entries()) {
    hours += what.does === 'wait' ? what.hours : 0;
    if (hours > MOST_HOURS) break;
    // One for each role: another role's beside it is not of this model.
    if (what.does === 'buy' && model.isLive && ![model.plan, model.next].includes(what.plan)) continue;
    advanceClock(what.does === 'wait' ? what.hours * 3600 : 60);
    const now = Date.now();
    const [mine] = await asOwner(sql`
      select s.id from money.subscriptions s where s.user_id = ${person.id}::uuid order by s.id desc limit 1`);
    const id = mine?.id ?? person.id;
    let said: string | null = null;
    let wanted: string | null = null;
    const wish = { ...WISH, purpose: 'subscription', subject_id: id };
    if (what.does === 'buy') {
      said = await taken(person, sql`select money.open_subscription(${{ ...WISH, plan: what.plan }}::jsonb)`);
      wanted = model.buy(what.plan, now);
    } else if (what.does === 'change') {
      said = await taken(
        person,
        sql`select money.change_subscription(${id}::uuid, ${{ ...WISH, plan: what.plan }}::jsonb)`,
      );
      wanted = mine ? model.change(what.plan, now) : 'not_found';
    } else if (what.does === 'cancel') {
      said = await taken(person, sql`select money.cancel_subscription(${id}::uuid)`);
      wanted = mine ? model.cancel(now) : 'not_found';
    } else if (what.does === 'resume') {
      said = await taken(person, sql`select money.resume_subscription(${id}::uuid)`);
      wanted = mine ? model.resume(now) : 'not_found';
    } else if (what.does === 'pay') {
      said = await taken(person, sql`select money.open_payment(${wish}::jsonb)`);
      wanted = model.pay(now);
    } else if (what.does === 'keep a method') {
      await keepsToken(person);
      model.method = true;
    } else if (what.does === 'lose the method') {
      await asOwner(sql`
        update money.payment_methods set is_default = false where user_id = ${person.id}::uuid returning id`);
      await asOwner(sql`delete from money.payment_methods where user_id = ${person.id}::uuid returning id`);
      model.method = false;
    } else if (what.does === 'break a call') {
      await orderFault('razorpay', { path: '/v1/payments/create/recurring', how: 'cut', after: what.after });
    }
    expect([n, what, said]).toEqual([n, what, wanted]);
    await runSchedule('sweep-timers');
    // Twice at once, and again as often as broken calls have left something.
    await Promise.all([1, 2].map(() => runSchedule('renew-subscriptions', { marketplace: 'homigo' })));
    while (await isDue(person)) {
      advanceClock(10 * 60);
      await runSchedule('renew-subscriptions', { marketplace: 'homigo' });
    }
    await deliverEvents();
    model.tend(now);
    expect([n, what, await observed(person)]).toEqual([n, what, expected(model)]);
    expect(await breaches()).toEqual([]);
  }
}

afterAll(() => clearFaults('razorpay'));

test('a subscription does what its rules say, whatever happens to it', async () => {
  await fc.assert(
    fc.asyncProperty(plan, fc.array(step, { minLength: 12, maxLength: 24 }), (first, rest) =>
      run([{ does: 'buy', plan: first }, ...rest]),
    ),
    {
      numRuns: 6,
      endOnFailure: true,
    },
  );
}, 240_000);
