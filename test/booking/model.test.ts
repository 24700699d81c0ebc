import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { driveway } from '../../marketplaces/driveway.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { actAs, moved, moveRequested, placed, priceOf, settled, stepped } from './bookings.ts';
import { answersOf, wronglyTold, wrongs } from './model-rules.ts';

/**
 * Random people do random things to a few places, and the clock jumps. After each step the tables must hold what the model says
 * and what is true of every set of bookings. The seed of a failure is printed: give it as FC_SEED to see the failure again.
 */

const RUNS = Number(process.env.FC_RUNS ?? 8);
const SEED = process.env.FC_SEED === undefined ? undefined : Number(process.env.FC_SEED);
const flow = driveway.flows.parking;

type Row = {
  id: string;
  customer_id: string;
  resource_id: string;
  subject_id: string | null;
  status: string;
  awaits: string | null;
  expires_at: string | null;
  starts_at: string;
  ends_at: string;
  version: number;
  move_request: { id: string } | null;
};
type World = {
  /** Three drivers and their host. */
  people: Person[];
  /** Two places, of one unit and of two, and a car for each driver. */
  places: { resource_id: string; capacity: number }[];
  cars: string[];
  bookings: string[];
};

const QUARTER = 15 * 60_000;
const start = fc.integer({ min: 1, max: 40 });
const length = fc.integer({ min: 1, max: 8 });
const who = fc.nat({ max: 2 });
const which = fc.nat({ max: 30 });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('place' as const),
      who,
      which,
      start,
      length,
      how: fc.nat({ max: 2 }),
      car: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('move' as const), which, start, length }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('ask' as const), which, start, length, longer: fc.boolean() }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('accept-move' as const, 'decline-move' as const, 'withdraw-move' as const),
      which,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), byHost: fc.boolean(), which }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('accept' as const, 'decline' as const, 'complete' as const, 'no-show' as const),
      byHost: fc.boolean(),
      which,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('pay' as const),
      which,
      status: fc.constantFrom('processing', 'succeeded', 'failed'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('arrive' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      minutes: fc.integer({ min: 1, max: 180 }),
      sweep: fc.boolean(),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** Whole quarters of an hour, so that bookings often meet. */
const windowOf = ({ start, length }: { start: number; length: number }) => {
  const from = (Math.floor(Date.now() / QUARTER) + start) * QUARTER;
  return {
    starts_at: new Date(from).toISOString(),
    ends_at: new Date(from + length * QUARTER).toISOString(),
  };
};

/** What the database says no to. Anything else that goes wrong is a defect. */
const KNOWN =
  /reservation_no_overlap|subject_no_overlap|transition_not_allowed|payment_required|step_too|not_found|version_conflict|booking_not_movable|starts_in_past|booking_over|too_late_for_less|move_requested|move_request_closed/;
const attempt = async <T>(work: Promise<T>): Promise<T | null> =>
  work.catch((error: Error) => {
    if (KNOWN.test(error.message)) return null;
    throw error;
  });

const rowsOf = (world: World): Promise<Row[]> =>
  asOwner(
    sql`select * from booking.bookings
        where id = any (array(select jsonb_array_elements_text(${world.bookings}::jsonb)::uuid)) order by id`,
  );

async function act(world: World, taken: Step): Promise<void> {
  const { people } = world;
  const person = (n: number) => people[n] as Person;
  const host = person(3);
  if (taken.kind === 'wait') {
    vi.setSystemTime(Date.now() + taken.minutes * 60_000);
    if (taken.sweep) await runSchedule('sweep-timers');
    return;
  }
  if (taken.kind === 'place') {
    const place = world.places[taken.which % world.places.length];
    const booking = await attempt(
      placed(person(taken.who), host, {
        ...place,
        ...windowOf(taken),
        subject_id: taken.car ? world.cars[taken.who] : null,
        instant: taken.how !== 1,
        payment_timeout: taken.how === 2 ? 20 * 60 : null,
        request_timeout: 45 * 60,
        buffer_after: taken.which % 3 === 0 ? 900 : 0,
      }),
    );
    if (booking) world.bookings.push(booking.id);
    return;
  }
  // Times are asked for of bookings that stand, and answers given to what is asked: of others both are refused mostly.
  const stands = ({ status, move_request }: Row) =>
    taken.kind === 'ask' ? status === flow?.instant : !taken.kind.endsWith('-move') || move_request !== null;
  const all = await rowsOf(world);
  const rows = taken.which % 8 === 0 ? all : all.filter(stands);
  const booking = rows[taken.which % Math.max(rows.length, 1)];
  if (!booking) return;
  // Mostly somebody whose booking it is, sometimes a stranger.
  const caller =
    taken.which % 4 === 0 ? person(0) : (people.find(({ id }) => id === booking.customer_id) ?? host);
  const { capacity = 1 } = world.places.find(({ resource_id }) => resource_id === booking.resource_id) ?? {};
  if (taken.kind === 'move' || taken.kind === 'ask') {
    // Most of what is asked for is dearer: what is cheaper is refused on the last day.
    const units = taken.length + (taken.kind === 'ask' ? 8 : 0);
    const wanted = { capacity, ...windowOf(taken), ...priceOf(units * 125, units * 19) };
    const later = new Date(Date.parse(booking.ends_at) + taken.length * QUARTER).toISOString();
    if (taken.kind === 'ask' && taken.longer)
      Object.assign(wanted, { starts_at: booking.starts_at, ends_at: later });
    if (taken.kind === 'move') await attempt(moved(caller, booking, wanted));
    else await attempt(moveRequested(caller, booking, { ...wanted, request_timeout: 45 * 60 }));
  } else if (taken.kind === 'pay') {
    await attempt(settled('driveway', booking, taken.status));
  } else if (taken.kind === 'arrive') {
    // Who comes comes in time: the clock goes on to the start of the booking, unless that is over.
    vi.setSystemTime(Math.max(Date.now(), Date.parse(booking.starts_at)));
    await attempt(stepped(caller, booking, flow?.running ?? '', { by: 'code' }));
  } else {
    // A host answers, whoever else tries, and whoever asked withdraws.
    const byHost = 'byHost' in taken ? taken.byHost : taken.kind !== 'withdraw-move' && taken.which % 4 !== 0;
    await attempt(actAs(byHost ? host : caller, STEPS[taken.kind](booking)));
  }
}

/** Cancelling returns what its quote told, and only where that allowed it: checked in the statement that does both. */
const STEPS = {
  accept: ({ id }: Row) => sql`select from booking.accept(${id}::uuid)`,
  decline: ({ id }: Row) => sql`select from booking.decline(${id}::uuid, null)`,
  complete: ({ id }: Row) => sql`select from booking.complete(${id}::uuid)`,
  'no-show': ({ id }: Row) => sql`select from booking.mark_no_show(${id}::uuid, null)`,
  cancel: ({ id }: Row) => sql`
    with quote as materialized (select booking.cancellation_quote(${id}::uuid) as told)
    select 1 / (quote.told ->> 'allowed')::boolean::integer
    from quote, booking.cancel(${id}::uuid, null, (quote.told ->> 'refund_amount')::bigint)`,
  // Of the request that there is, or of one that never was.
  'accept-move': ({ id, move_request: asked }: Row) =>
    sql`select from booking.accept_move(${id}::uuid, ${asked?.id ?? id}::uuid)`,
  'decline-move': ({ id, move_request: asked }: Row) =>
    sql`select from booking.decline_move(${id}::uuid, ${asked?.id ?? id}::uuid, null)`,
  'withdraw-move': ({ id, move_request: asked }: Row) =>
    sql`select from booking.withdraw_move(${id}::uuid, ${asked?.id ?? id}::uuid)`,
};

afterAll(() => {
  vi.useRealTimers();
});

/** Somebody asks for another time again and again, until each answer has been given: the first walk, so that none is ever missed. */
const asking: Step[] = [
  { kind: 'place', who: 0, which: 1, start: 40, length: 4, how: 0, car: true },
  ...(['accept-move', 'decline-move', 'withdraw-move'] as const).flatMap((kind): Step[] => [
    { kind: 'ask', which: 1, start: 1, length: 2, longer: true },
    { kind, which: 1 },
  ]),
  { kind: 'ask', which: 1, start: 1, length: 2, longer: false },
  { kind: 'wait', minutes: 46, sweep: true },
  { kind: 'ask', which: 1, start: 1, length: 2, longer: true },
  { kind: 'cancel', byHost: false, which: 1 },
];

/** Of two bookings one has somebody come and the other nobody, for the same reason: the clock ends both. */
const coming: Step[] = [
  { kind: 'place', who: 0, which: 0, start: 10, length: 4, how: 0, car: true },
  { kind: 'place', who: 1, which: 1, start: 10, length: 4, how: 0, car: true },
  { kind: 'arrive', which: 1 },
];

test('whatever people do, nothing overlaps, nothing is left behind and every step is told', async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: false });
  const now = Date.now();
  const people: Person[] = [];
  for (const role of ['driver', 'driver', 'driver', 'host'])
    people.push(await signUp('driveway', { roles: [role] }));
  const reached = new Set<string>();
  const answers = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 45, size: 'max' }), async steps => {
      vi.setSystemTime(now);
      const world: World = {
        people,
        places: [
          { resource_id: randomUUID(), capacity: 1 },
          { resource_id: randomUUID(), capacity: 2 },
        ],
        cars: people.map(() => randomUUID()),
        bookings: [],
      };
      for (const taken of steps) {
        await act(world, taken);
        expect(await wrongs(world), JSON.stringify(taken)).toEqual([]);
      }
      await act(world, { kind: 'wait', minutes: 24 * 60, sweep: true });
      const rows = await rowsOf(world);
      for (const { status } of rows) reached.add(status);
      for (const { answer } of await answersOf(world)) answers.add(answer);
      // When all is over the clock has ended every booking, whatever people left undone.
      expect(rows.filter(row => flow?.live.includes(row.status))).toEqual([]);
      expect(await wrongs(world)).toEqual([]);
      expect(await wronglyTold(world)).toEqual([]);
    }),
    {
      examples: [[asking], [coming]],
      numRuns: RUNS + 2,
      ...(SEED === undefined ? {} : { seed: SEED }),
      endOnFailure: true,
    },
  );
  // The walk is worth something only where it comes to every end.
  expect([...reached].sort()).toEqual(['cancelled', 'completed', 'no_show']);
  expect([...answers].sort()).toEqual([
    'move_declined',
    'move_ended',
    'move_expired',
    'move_withdrawn',
    'moved',
  ]);
}, 120_000);
