import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { readAsOwner } from '../support/database.ts';
import { type Faulty, startFaulty } from './faulty-cloud.ts';
import { type Booked, type Step, steps } from './faulty-steps.ts';

/** What must hold when Lambdas die, the relay stops and the database sleeps: the application as it is synthesised. */

const BOOK = 'vicinity-parking-book-space';
let faulty: Faulty;
/** Whose bookings are stepped. */
let driver: string;

beforeAll(async () => {
  faulty = await startFaulty();
  driver = await faulty.signUp('driver');
});
afterEach(() => faulty.clearFaults());
afterAll(() => faulty.close());

/** What the database holds of a space's bookings: every row of each kind. */
async function tracesOf(space: string) {
  const [traces] = await readAsOwner(
    faulty.cloud.aws,
    sql`select (select count(*)::integer from booking.bookings where resource_id = ${space}::uuid) as bookings,
               (select count(*)::integer from booking.reservations where resource_id = ${space}::uuid) as reservations,
               (select count(*)::integer from app.outbox where payload ->> 'resource_id' = ${space}
                  and type = 'booking.placed') as placed,
               (select count(*)::integer from app.outbox where payload ->> 'resource_id' = ${space}
                  and sent_at is null) as unsent`,
  );
  return traces;
}

const ONCE = { bookings: 1, reservations: 1, placed: 1 };

test.each([
  [
    'before the handler starts',
    { function: BOOK, kind: 'kill_before' },
    { bookings: 0, reservations: 0, placed: 0 },
  ],
  [
    'after the load, before the commit',
    { function: BOOK, kind: 'kill_after', action: 'rds-data:ExecuteStatement', call: 1 },
    { bookings: 0, reservations: 0, placed: 0 },
  ],
  [
    'after the commit, before the answer',
    { function: BOOK, kind: 'kill_after', action: 'rds-data:ExecuteStatement', call: 2 },
    ONCE,
  ],
  ['with the answer in its hand', { function: BOOK, kind: 'kill_after' }, ONCE],
])(
  'a Lambda that is killed %s leaves one booking and one event once the request is repeated',
  async (_when, spec, between) => {
    const [space, driver, key] = [await faulty.listSpace(), await faulty.signUp('driver'), randomUUID()];
    await faulty.fault(spec);
    const first = await faulty.book(space, driver, key);
    expect(first.status).toBeGreaterThanOrEqual(500);
    expect(await tracesOf(space)).toMatchObject(between);
    const second = await faulty.book(space, driver, key);
    expect(second.status).toBe(201);
    expect(second.headers.get('idempotency-replayed')).toBe(between.bookings === 1 ? 'true' : null);
    expect(await tracesOf(space)).toMatchObject(ONCE);
  },
);

test('thirty drivers race for one hour through the gateway, and one wins', async () => {
  const space = await faulty.listSpace();
  const drivers = await Promise.all(Array.from({ length: 30 }, () => faulty.signUp('driver')));
  const answers = await Promise.all(drivers.map(driver => faulty.book(space, driver)));
  const told = answers.map(({ status, body }) => (status === 201 ? 'booked' : body.code)).sort();
  expect(told).toEqual(['booked', ...Array.from({ length: 29 }, () => 'slot_taken')].sort());
});

test('events wait while the bus is down and are delivered when it is back', async () => {
  const [space, driver] = [await faulty.listSpace(), await faulty.signUp('driver')];
  await faulty.fault({ action: 'events:PutEvents', kind: 'fail', error: 'InternalException', times: 1_000 });
  expect((await faulty.book(space, driver)).status).toBe(201);
  await faulty.send('/_local/schedules/relay-outbox/run', {});
  expect((await tracesOf(space)).unsent).toBeGreaterThan(0);
  await faulty.clearFaults();
  // Whatever a relay that failed still holds is free again after a minute.
  await faulty.send('/_local/clock', { advance_seconds: 61 });
  await vi.waitFor(
    async () => {
      await faulty.send('/_local/schedules/relay-outbox/run', {});
      expect((await tracesOf(space)).unsent).toBe(0);
    },
    { timeout: 20_000 },
  );
});

test('a request outlasts a database that is waking up', async () => {
  const [space, driver] = [await faulty.listSpace(), await faulty.signUp('driver')];
  await faulty.fault({
    action: 'rds-data:ExecuteStatement',
    kind: 'fail',
    error: 'DatabaseResumingException',
    times: 2,
  });
  expect((await faulty.book(space, driver)).status).toBe(201);
  expect(await tracesOf(space)).toMatchObject(ONCE);
});

/** A Lambda that dies while it steps a booking: repeated, the request leaves one step, its time taken once, and one event. */

const crew = () => ({ faulty, tokens: { driver, host: faulty.host } });
let hours = 0;

async function place({ asked, prepare }: Step): Promise<Booked> {
  hours += 3;
  const space = await faulty.listSpace(asked ? { instant_booking_enabled: false } : {});
  const { status, body } = await faulty.book(space, driver, randomUUID(), hours);
  expect(status).toBe(201);
  const booking = { id: String(body.id), space, hour: hours };
  await prepare?.(booking, crew());
  return booking;
}

async function stepTracesOf({ id, space }: Booked, { event }: Step) {
  const [traces] = await readAsOwner(
    faulty.cloud.aws,
    sql`
      select b.status, b.version,
        (select count(*)::integer from booking.reservations r where r.resource_id = ${space}::uuid) as reservations,
        (select count(*)::integer from booking.timeline t where t.booking_id = b.id and t.event = ${event}) as steps,
        (select count(*)::integer from app.outbox o
         where o.payload ->> 'booking_id' = b.id::text and o.type = 'booking.' || ${event}::text) as events,
        (select count(*)::integer from app.timers t where t.subject_id = b.id and t.kind = 'booking.clock'
         and t.settled_at is null) as clocks
      from booking.bookings b where b.id = ${id}::uuid`,
  );
  return traces;
}

for (const step of steps) {
  test.each([
    ['before its commit', false],
    ['after its commit', true],
  ])(`a Lambda that is killed %s as it ${step.name} a booking does so once`, async (_when, committed) => {
    const booking = await place(step);
    const [body, key] = [await step.body(booking, crew()), randomUUID()];
    const before = await stepTracesOf(booking, step);
    const call = committed ? step.trips : step.trips - 1;
    await faulty.fault(
      call === 0
        ? { function: step.lambda, kind: 'kill_before' }
        : { function: step.lambda, kind: 'kill_after', action: 'rds-data:ExecuteStatement', call },
    );
    const send = () =>
      faulty.send(`/driveway/api/v1/${step.path(booking)}`, body, crew().tokens[step.as], key);
    expect((await send()).status).toBeGreaterThanOrEqual(500);
    const done = {
      status: step.status,
      version: Number(before?.version) + 1,
      reservations: step.reservations,
      steps: 1,
      events: 1,
      clocks: Math.min(step.reservations, 1),
    };
    const between = await stepTracesOf(booking, step);
    expect(between).toEqual(committed ? done : before);
    const again = await send();
    expect(again).toMatchObject({ status: 200, body: { id: booking.id, status: step.status } });
    expect(again.headers.get('idempotency-replayed')).toBe(committed ? 'true' : null);
    expect(await stepTracesOf(booking, step)).toEqual(done);
    const third = await send();
    expect(third.body).toEqual(again.body);
    expect(await stepTracesOf(booking, step)).toEqual(done);
  });
}
