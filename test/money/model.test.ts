import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { balancesOf, type Line, platformBalances, post, reverse, type Transfer } from './ledger.ts';

/**
 * Random transfers, repeats, reversals and bursts against the real ledger and against a model that is a map of numbers. After
 * each step both must agree to the minor unit, on who is refused too; at the end every invariant must hold.
 */

const PEOPLE = 3;
const person = fc.nat(PEOPLE - 1);
const amount = fc.integer({ min: 1, max: 500 });

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('top up' as const), who: person, amount }) },
  {
    weight: 4,
    arbitrary: fc.record({ does: fc.constant('pay' as const), who: person, amount, with: amount }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('tip' as const), who: person, to: person, amount }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('earn' as const), who: person, amount }) },
  {
    weight: 2,
    arbitrary: fc.record({ does: fc.constant('release' as const), who: person, to: person, amount }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('pay out' as const), who: person, amount }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: fc.constant('burst' as const),
      who: person,
      amount,
      times: fc.integer({ min: 2, max: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('repeat' as const), nth: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant('reverse' as const), nth: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('roll up' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** What a step posts. Credits are counted in whole ones, each worth 100 cents. */
function linesOf(step: Step, people: readonly string[]): Line[] | null {
  const idOf = (index: number) => people[index] ?? '';
  switch (step.does) {
    case 'top up':
      return [
        { account: 'wallet', user_id: idOf(step.who), amount: step.amount },
        { account: 'gateway_clearing', gateway: 'stripe', amount: -step.amount },
      ];
    case 'pay': {
      // Wallet, credits and card together, which are held until the service is done.
      const credits = step.with % 3;
      return [
        { account: 'wallet', user_id: idOf(step.who), amount: -step.amount },
        { account: 'credits', user_id: idOf(step.who), amount: -credits, currency: 'XCR', type: 'spent' },
        { account: 'credit_expense', amount: credits, currency: 'XCR' },
        { account: 'credit_expense', amount: -100 * credits },
        { account: 'gateway_clearing', gateway: 'stripe', amount: -step.with },
        { account: 'held', user_id: idOf(step.who), amount: step.amount + 100 * credits + step.with },
      ].filter(line => line.amount !== 0);
    }
    case 'tip':
      return [
        { account: 'wallet', user_id: idOf(step.who), amount: -step.amount },
        { account: 'provider_payable', user_id: idOf(step.to), amount: step.amount },
      ];
    case 'earn':
      return [
        { account: 'credits', user_id: idOf(step.who), amount: step.amount, currency: 'XCR', type: 'earned' },
        { account: 'credit_expense', amount: -step.amount, currency: 'XCR' },
      ];
    case 'release': {
      const fee = Math.floor((step.amount * 15) / 100);
      return [
        { account: 'held', user_id: idOf(step.who), amount: -step.amount },
        { account: 'provider_payable', user_id: idOf(step.to), amount: step.amount - fee },
        { account: 'platform_revenue', amount: fee },
      ].filter(line => line.amount !== 0);
    }
    case 'pay out':
      return [
        { account: 'provider_payable', user_id: idOf(step.who), amount: -step.amount },
        { account: 'gateway_clearing', gateway: 'stripe', amount: step.amount },
      ];
    default:
      return null;
  }
}

const nameOf = (line: Line) =>
  line.user_id === undefined
    ? [line.account, line.gateway, line.currency ?? 'USD'].filter(Boolean).join(' ')
    : `${line.user_id} ${line.account}`;

/** The independent ledger: balances by account, and what was accepted. */
class Model {
  readonly balances = new Map<string, number>();
  readonly accepted: { key: string; lines: Line[]; id: string; reversed: boolean }[] = [];

  after(lines: readonly Line[]): Map<string, number> {
    const changed = new Map<string, number>();
    for (const line of lines) {
      const name = nameOf(line);
      changed.set(name, (changed.get(name) ?? this.balances.get(name) ?? 0) + line.amount);
    }
    return changed;
  }

  /** Nobody may have less than nothing. */
  allows(lines: readonly Line[]): boolean {
    const owned = new Set(lines.filter(({ user_id }) => user_id).map(nameOf));
    return [...this.after(lines)].every(([name, balance]) => !owned.has(name) || balance >= 0);
  }

  apply(lines: readonly Line[]): void {
    for (const [name, balance] of this.after(lines)) this.balances.set(name, balance);
  }
}

const opposite = (lines: readonly Line[]): Line[] => lines.map(line => ({ ...line, amount: -line.amount }));

/** Whether the ledger took it. Anything but a refusal for want of money is a failure of the test. */
async function attempt(work: () => Promise<string>): Promise<string | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && error.message.includes('balances_overdraft_check')) return null;
    throw error;
  }
}

async function take(model: Model, step: Step, people: readonly string[]): Promise<void> {
  if (step.does === 'roll up') return void (await runSchedule('check-ledger'));
  if (step.does === 'burst') {
    const lines: Line[] = [
      { account: 'wallet', user_id: people[step.who], amount: -step.amount },
      { account: 'platform_revenue', amount: step.amount },
    ];
    const outcomes = await Promise.all(
      Array.from({ length: step.times }, () => attempt(() => post({ entries: lines }))),
    );
    let taken = 0;
    for (; taken < step.times && model.allows(lines); taken += 1) model.apply(lines);
    expect(outcomes.filter(id => id !== null)).toHaveLength(taken);
    return;
  }
  if (step.does === 'repeat' || step.does === 'reverse') {
    const earlier = model.accepted[step.nth % Math.max(1, model.accepted.length)];
    if (!earlier) return;
    if (step.does === 'repeat') {
      expect(await post(transferOf(earlier.key, earlier.lines))).toBe(earlier.id);
      return;
    }
    const back = opposite(earlier.lines);
    const expected = earlier.reversed || model.allows(back);
    expect((await attempt(() => reverse(earlier.id))) !== null).toBe(expected);
    if (expected && !earlier.reversed) model.apply(back);
    earlier.reversed ||= expected;
    return;
  }
  const lines = linesOf(step, people) ?? [];
  const key = randomUUID();
  const expected = model.allows(lines);
  const id = await attempt(() => post(transferOf(key, lines)));
  expect(id !== null, JSON.stringify(step)).toBe(expected);
  if (id === null) return;
  model.apply(lines);
  model.accepted.push({ key, lines, id, reversed: false });
}

const transferOf = (key: string, entries: Line[]): Transfer => ({ key, type: 'payment', entries });

async function makePeople(): Promise<string[]> {
  const rows = await asOwner(sql`
    insert into identity.users (marketplace, email, full_name)
    select 'driveway', gen_random_uuid() || '@people.example', 'Asha Rao' from generate_series(1, ${PEOPLE}::integer)
    returning id`);
  return rows.map(({ id }) => id);
}

/** Every balance of the ledger as the model names them, those of the platform without what was there before. */
async function balancesNow(people: readonly string[], before: Record<string, number>) {
  const found = new Map<string, number>();
  for (const who of people)
    for (const [kind, balance] of Object.entries(await balancesOf(who))) found.set(`${who} ${kind}`, balance);
  for (const [name, balance] of Object.entries(await platformBalances()))
    found.set(name, balance - (before[name] ?? 0));
  return Object.fromEntries([...found].filter(([, balance]) => balance !== 0).sort());
}

const nonZero = (balances: ReadonlyMap<string, number>) =>
  Object.fromEntries([...balances].filter(([, balance]) => balance !== 0).sort());

test('whatever is posted, repeated and reversed, the ledger and an independent model agree to the cent', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async steps => {
      const people = await makePeople();
      const before = await platformBalances();
      const model = new Model();
      for (const next of steps) {
        await take(model, next, people);
        expect(await balancesNow(people, before)).toEqual(nonZero(model.balances));
      }
      const broken = await asOwner(
        sql`select name, examples from money.check_invariants(null) where breaches > 0`,
      );
      expect(broken).toEqual([]);
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 8), endOnFailure: true },
  );
}, 600_000);
