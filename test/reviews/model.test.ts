import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { type Statement, sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { completed } from './completed.ts';

/**
 * Both sides of a few bookings of one resource write, change, take back and are moderated at random while the clock jumps. After each
 * step everybody reads what the model says and nothing else, and the ratings are those of what was counted.
 */

const WEEK = 7 * 86_400_000;
const RUNS = Number(process.env.FC_RUNS ?? 8);
const SEED = process.env.FC_SEED === undefined ? undefined : Number(process.env.FC_SEED);

type Side = 'customer' | 'provider';
/** A review as the model has it, by the rules as people are told them. */
type Said = {
  id: string;
  side: Side;
  stars: number;
  opens: number;
  hidden: boolean;
  gone: boolean;
};
type Visit = { id: string; resource_id: string; closes: number; said: Said[] };

let host: Person;
let driver: Person;
let moderator: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  moderator = await signUp('driveway', { roles: ['driver'] });
});

const which = fc.nat({ max: 2 });
const side = fc.constantFrom<Side>('customer', 'provider');
const stars = fc.integer({ min: 1, max: 5 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), which, side, stars }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const), which, side, stars }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), which, side }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('moderate' as const), which, side, hidden: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 100 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'sweep' as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

const now = () => Date.now();
const actorOf = (side: Side) => (side === 'customer' ? driver : host).id;
const contextOf = (side: Side) => ({ marketplace: 'driveway', actor: actorOf(side), now: new Date() });

/** What the database says no to. Anything else that goes wrong is a defect. */
const KNOWN = /window_closed|reviews_booking_id_key|review_open|not_found/;
async function attempt(statement: Statement): Promise<{ id: string } | null> {
  try {
    const [row] = await asOwner(statement);
    return row;
  } catch (error) {
    if (error instanceof Error && KNOWN.test(error.message)) return null;
    throw error;
  }
}

const saidBy = (visit: Visit, side: Side) => visit.said.find(said => said.side === side);
const isVisible = ({ opens, hidden, gone }: Said) => opens <= now() && !hidden && !gone;

async function act(visits: Visit[], taken: Step): Promise<void> {
  if (taken.kind === 'wait') {
    advanceClock(taken.hours * 3600);
    return;
  }
  if (taken.kind === 'sweep') {
    await runSchedule('sweep-timers');
    return;
  }
  const visit = visits[taken.which] as Visit;
  const context = contextOf(taken.side);
  const said = saidBy(visit, taken.side);
  if (taken.kind === 'write') {
    const made = await attempt(
      sql`select (reviews.write(${visit.id}::uuid, ${{ rating: taken.stars }}::jsonb)).id
          from app.set_context(${context}::jsonb)`,
    );
    expect(made !== null).toBe(said === undefined && now() < visit.closes);
    if (made === null) return;
    const opens = visit.said.length > 0 ? now() : visit.closes;
    for (const other of visit.said) other.opens = Math.min(other.opens, opens);
    visit.said.push({ id: made.id, side: taken.side, stars: taken.stars, opens, hidden: false, gone: false });
    return;
  }
  if (said === undefined) return;
  if (taken.kind === 'change') {
    const made = await attempt(
      sql`select (reviews.change(${said.id}::uuid, ${{ rating: taken.stars }}::jsonb)).id
          from app.set_context(${context}::jsonb)`,
    );
    expect(made !== null).toBe(!said.gone && now() < Math.min(said.opens, visit.closes));
    if (made) said.stars = taken.stars;
  } else if (taken.kind === 'withdraw') {
    const made = await attempt(
      sql`select reviews.withdraw(${said.id}::uuid) as id from app.set_context(${context}::jsonb)`,
    );
    expect(made !== null).toBe(!said.gone);
    said.gone = true;
  } else {
    const made = await attempt(
      sql`select (reviews.moderate(${said.id}::uuid, ${{ is_published: !taken.hidden }}::jsonb, 'So it is.')).id
          from app.set_context(${{ ...context, actor: moderator.id }}::jsonb)`,
    );
    expect(made !== null).toBe(!said.gone);
    if (made) said.hidden = taken.hidden;
  }
}

/** Everybody reads what the model says. */
async function checkReaders(visits: Visit[]): Promise<void> {
  for (const visit of visits) {
    for (const side of ['customer', 'provider'] as const) {
      const [seen] = await asOwner(
        sql`select (reviews.of_booking(${visit.id}::uuid)).* from app.set_context(${contextOf(side)}::jsonb)`,
      );
      const mine = saidBy(visit, side);
      const theirs = saidBy(visit, side === 'customer' ? 'provider' : 'customer');
      expect(seen.mine?.rating ?? null).toBe(mine && !mine.gone ? mine.stars : null);
      expect(seen.theirs?.rating ?? null).toBe(theirs && isVisible(theirs) ? theirs.stars : null);
      expect(seen.can_review).toBe(mine === undefined && now() < visit.closes);
    }
  }
}

/** Once the clock has been swept, the ratings are those of what can be read, and each review was announced once. */
async function checkRatings(visits: Visit[]): Promise<void> {
  const visible = visits.flatMap(({ said }) => said).filter(isVisible);
  const countsOf = (side: Side) =>
    [1, 2, 3, 4, 5].map(wanted => visible.filter(said => said.side === side && said.stars === wanted).length);
  const [row] = await asOwner(
    sql`select to_jsonb(coalesce((
          select r.counts from reviews.resource_ratings r where r.resource_id = ${visits[0]?.resource_id}::uuid),
          '{0,0,0,0,0}')) as counts`,
  );
  expect(row.counts).toEqual(countsOf('customer'));
  // Other runs' reviews count for the same two people.
  const astray = await asOwner(
    sql`select p.person_id from reviews.person_ratings p
        where p.person_id in (${host.id}::uuid, ${driver.id}::uuid) and p.counts is distinct from (
          select array_agg((
            select count(*)::integer from reviews.reviews r
            where r.reviewee_id = p.person_id and r.counted_rating = stars) order by stars)
          from generate_series(1, 5) as stars)`,
  );
  expect(astray).toEqual([]);
  const announced = await asOwner(
    sql`select payload ->> 'review_id' as id from app.outbox
        where type = 'reviews.opened' and payload ->> 'resource_id' = ${visits[0]?.resource_id}::text`,
  );
  expect(new Set(announced.map(({ id }) => id)).size).toBe(announced.length);
  expect(announced.map(({ id }) => id)).toEqual(expect.arrayContaining(visible.map(({ id }) => id)));
}

test('whatever both sides do, nobody reads a blind review, and ratings count what can be read', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), async steps => {
      advanceClock(0);
      const visits: Visit[] = [];
      for (let n = 0; n < 3; n += 1) {
        const { id, resource_id } = await completed(driver, host, visits[0]?.resource_id);
        visits.push({ id, resource_id, closes: now() + WEEK, said: [] });
      }
      for (const taken of steps) {
        await act(visits, taken);
        await checkReaders(visits);
      }
      await runSchedule('sweep-timers');
      await checkRatings(visits);
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: SEED }), endOnFailure: false },
  );
}, 120_000);
