import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { readAsOwner } from '../support/database.ts';
import { type Faulty, startFaulty } from './faulty-cloud.ts';

/** What must hold when Lambdas die, the relay stops and the database sleeps: the application as it is synthesised. */

const BOOK = 'vicinity-parking-book-space';
let faulty: Faulty;

beforeAll(async () => {
  faulty = await startFaulty();
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
