import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { driveway } from '../../marketplaces/driveway.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { actAs, moved, placed, priceOf, settled, stepped } from './bookings.ts';

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
  /reservation_no_overlap|subject_no_overlap|transition_not_allowed|payment_required|step_too|not_found|version_conflict|booking_not_movable|starts_in_past|booking_over|too_late_for_less/;
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
  const rows = await rowsOf(world);
  const booking = rows[taken.which % Math.max(rows.length, 1)];
  if (!booking) return;
  // Mostly somebody whose booking it is, sometimes a stranger.
  const caller =
    taken.which % 4 === 0 ? person(0) : (people.find(({ id }) => id === booking.customer_id) ?? host);
  const { capacity = 1 } = world.places.find(({ resource_id }) => resource_id === booking.resource_id) ?? {};
  if (taken.kind === 'move') {
    const price = priceOf(taken.length * 125, taken.length * 19);
    await attempt(moved(caller, booking, { capacity, ...windowOf(taken), ...price }));
  } else if (taken.kind === 'pay') {
    await attempt(settled('driveway', booking, taken.status));
  } else if (taken.kind === 'arrive') {
    // Who comes comes in time: the clock goes on to the start of the booking, unless that is over.
    vi.setSystemTime(Math.max(Date.now(), Date.parse(booking.starts_at)));
    await attempt(stepped(caller, booking, flow?.running ?? '', { by: 'code' }));
  } else {
    await attempt(actAs(taken.byHost ? host : caller, STEPS[taken.kind](booking)));
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
};

/** What must be true of the tables at every moment: one row for each thing that is not. */
const wrongs = (world: World) =>
  asOwner(sql`
    with mine as (
      select b.*, f.live, f.transitions, f.cancelled, f.instant, f.on_request, f.unpaid
      from booking.bookings b join booking.flows f on f.id = b.flow_id
      where b.id = any (array(select jsonb_array_elements_text(${world.bookings}::jsonb)::uuid)))
    select 'two bookings of one unit overlap' as wrong, a.id from mine a join mine b
      on a.id < b.id and a.resource_id = b.resource_id and a.unit = b.unit
      and tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
      and a.status = any (a.live) and b.status = any (b.live)
      and coalesce(a.expires_at > ${new Date().toISOString()}::timestamptz, true)
      and coalesce(b.expires_at > ${new Date().toISOString()}::timestamptz, true)
    union all select 'a car is in two places', a.id from mine a join mine b
      on a.id < b.id and a.subject_id = b.subject_id
      and tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
      and a.status = any (a.live) and b.status = any (b.live)
      and coalesce(a.expires_at > ${new Date().toISOString()}::timestamptz, true)
      and coalesce(b.expires_at > ${new Date().toISOString()}::timestamptz, true)
    union all select 'a reservation outlives its booking', m.id from mine m join booking.reservations r on r.booking_id = m.id
      where m.status <> all (m.live)
    union all select 'a live booking does not hold exactly its time', m.id from mine m
      where m.status = any (m.live) and coalesce(m.expires_at > ${new Date().toISOString()}::timestamptz, true)
        and (select coalesce(jsonb_agg(jsonb_build_array(r.resource_id, r.unit, r.during, r.kind, r.expires_at) order by r.resource_id), '[]')
             from booking.reservations r where r.booking_id = m.id)
          <> (select jsonb_agg(jsonb_build_array(w.resource_id, w.unit, w.during,
                case when m.expires_at is null then 'booking' else 'hold' end, m.expires_at) order by w.resource_id)
              from (select m.resource_id, m.unit, tstzrange(m.starts_at - make_interval(secs => m.buffer_before),
                                                            m.ends_at + make_interval(secs => m.buffer_after)) as during
                    union all select m.subject_id, 1, tstzrange(m.starts_at, m.ends_at) where m.subject_id is not null) as w)
    union all select 'a status was reached by no declared step', m.id from mine m join booking.timeline t on t.booking_id = m.id
      where t.from_status is not null and t.from_status <> t.to_status and t.event <> 'paid' and not exists (
        select from jsonb_array_elements(m.transitions) as s
        where s ->> 'from' = t.from_status and s ->> 'to' = t.to_status and s -> 'by' ? t.party)
    union all select 'the timeline has a gap', s.booking_id from (
        select t.booking_id, t.from_status, lag(t.to_status) over (partition by t.booking_id order by t.version, t.id) as before
        from booking.timeline t join mine m on m.id = t.booking_id) as s
      where s.from_status is distinct from s.before
    union all select 'the timeline does not end where the booking stands', m.id from mine m
      where m.status <> (select t.to_status from booking.timeline t where t.booking_id = m.id order by t.version desc, t.id desc limit 1)
    union all select 'the total is not the sum of the lines', m.id from mine m
      where m.total_amount <> (select sum((l ->> 'amount')::bigint) from jsonb_array_elements(m.line_items) as l)
        or m.total_amount <> m.subtotal_amount + m.fee_amount
    union all select 'a refund is not the sum of its lines', m.id from mine m
      where m.refund_amount <> (select coalesce(sum((l ->> 'amount')::bigint), 0) from jsonb_array_elements(m.refund_items) as l)
    union all select 'a live booking that waits or has a timer has no clock', m.id from mine m
      where (m.expires_at is not null or m.status = 'confirmed') and not exists (
        select from app.timers t where t.kind = 'booking.clock' and t.subject_id = m.id and t.settled_at is null)`);

/** Bookings that were not told to have ended exactly once. */
const wronglyTold = (world: World) =>
  asOwner(sql`
    select b.id, count(o.id)::integer as times
    from jsonb_array_elements_text(${world.bookings}::jsonb) as b (id)
    left join app.outbox o on o.payload ->> 'booking_id' = b.id and o.type in ('booking.cancelled', 'booking.declined',
      'booking.expired', 'booking.payment_expired', 'booking.completed', 'booking.no_show')
    group by b.id having count(o.id) <> 1`);

afterAll(() => {
  vi.useRealTimers();
});

test('whatever people do, nothing overlaps, nothing is left behind and every step is told', async () => {
  vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: false });
  const now = Date.now();
  const people: Person[] = [];
  for (const role of ['driver', 'driver', 'driver', 'host'])
    people.push(await signUp('driveway', { roles: [role] }));
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40, size: 'max' }), async steps => {
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
      // When all is over the clock has ended every booking, whatever people left undone.
      expect(rows.filter(row => flow?.live.includes(row.status))).toEqual([]);
      expect(await wrongs(world)).toEqual([]);
      expect(await wronglyTold(world)).toEqual([]);
    }),
    { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: SEED }), endOnFailure: true },
  );
  // The walk is worth something only where it comes to every end.
  expect([...reached].sort()).toEqual(['cancelled', 'completed', 'no_show']);
}, 120_000);
