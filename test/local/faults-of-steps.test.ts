import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { readAsOwner } from '../support/database.ts';
import { type Faulty, hourFrom, startFaulty } from './faulty-cloud.ts';

/** A Lambda that dies while it steps a booking: repeated, the request leaves one step, its time taken once, and one event. */

let faulty: Faulty;
let driver: string;
beforeAll(async () => {
  faulty = await startFaulty();
  driver = await faulty.signUp('driver');
});
afterEach(() => faulty.clearFaults());
afterAll(() => faulty.close());

type Booked = { id: string; space: string; hour: number };
type Step = {
  name: string;
  /** The Lambda that takes it, its trips to the database, the path after the stage and what is sent. */
  lambda: string;
  trips: number;
  path: (booking: Booked) => string;
  body: (booking: Booked) => Promise<unknown>;
  as: () => string;
  /** Whether the host agrees to each booking. */
  asked?: true;
  /** What the timeline and the outbox say of it, and how often the space is taken afterwards. */
  event: string;
  status: string;
  reservations: number;
  /** What came before it. */
  prepare?: (booking: Booked) => Promise<void>;
};

const nothing = async () => ({});

/** Lets the host agree to a booking, so that another time of it has to be asked for. */
const agree = async ({ id }: Booked) => {
  await faulty.send(`/driveway/api/v1/bookings/${id}/accept`, {}, faulty.host);
};

/** Asks for an hour more, too. */
const ask = async (booking: Booked) => {
  await agree(booking);
  const path = `/driveway/api/v1/parking/bookings/${booking.id}/extend`;
  await faulty.send(path, { to: hourFrom(booking.hour + 2) }, driver);
};

const requestOf = async ({ id }: Booked) => {
  const [row] = await readAsOwner(
    faulty.cloud.aws,
    sql`select move_request ->> 'id' as request_id from booking.bookings where id = ${id}::uuid`,
  );
  return row;
};

/** An answer to a request to move. */
const answering = (name: string, verb: string, as: () => string, event: string): Step => ({
  name,
  lambda: `vicinity-booking-${verb}-move`,
  trips: 1,
  path: ({ id }) => `bookings/${id}/move-request/${verb}`,
  body: requestOf,
  as,
  asked: true,
  prepare: ask,
  event,
  status: 'confirmed',
  reservations: 1,
});
const steps: Step[] = [
  {
    name: 'cancels',
    lambda: 'vicinity-booking-cancel-booking',
    trips: 1,
    path: ({ id }) => `bookings/${id}/cancel`,
    body: nothing,
    as: () => driver,
    event: 'cancelled',
    status: 'cancelled',
    reservations: 0,
  },
  {
    name: 'moves',
    lambda: 'vicinity-parking-reschedule-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/reschedule`,
    body: async ({ hour }) => ({ from: hourFrom(hour + 1), to: hourFrom(hour + 2) }),
    as: () => driver,
    event: 'moved',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'extends',
    lambda: 'vicinity-parking-extend-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/extend`,
    body: async ({ hour }) => ({ to: hourFrom(hour + 2) }),
    as: () => driver,
    event: 'moved',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'accepts',
    lambda: 'vicinity-booking-accept-booking',
    trips: 1,
    path: ({ id }) => `bookings/${id}/accept`,
    body: nothing,
    as: () => faulty.host,
    asked: true,
    event: 'confirmed',
    status: 'confirmed',
    reservations: 1,
  },
  {
    name: 'asks to move',
    lambda: 'vicinity-parking-extend-booking',
    trips: 2,
    path: ({ id }) => `parking/bookings/${id}/extend`,
    body: async ({ hour }) => ({ to: hourFrom(hour + 2) }),
    as: () => driver,
    asked: true,
    prepare: agree,
    event: 'move_requested',
    status: 'confirmed',
    reservations: 2,
  },
  answering('accepts to move', 'accept', () => faulty.host, 'moved'),
  answering('declines to move', 'decline', () => faulty.host, 'move_declined'),
  answering('asks no more to move', 'withdraw', () => driver, 'move_withdrawn'),
  {
    name: 'checks in to',
    lambda: 'vicinity-parking-check-in',
    trips: 1,
    path: ({ id }) => `bookings/${id}/check-in`,
    body: async booking => ({ access_code: await bringNearer(booking) }),
    as: () => driver,
    event: 'active',
    status: 'active',
    reservations: 1,
  },
];

let hours = 0;

async function place({ asked, prepare }: Step): Promise<Booked> {
  hours += 3;
  const space = await faulty.listSpace(asked ? { instant_booking_enabled: false } : {});
  const { status, body } = await faulty.book(space, driver, randomUUID(), hours);
  expect(status).toBe(201);
  const booking = { id: String(body.id), space, hour: hours };
  await prepare?.(booking);
  return booking;
}

/** Lets a booking begin in five minutes, and returns its code. */
async function bringNearer({ id, hour }: Booked): Promise<string> {
  const [row] = await readAsOwner(
    faulty.cloud.aws,
    sql`
      update booking.bookings b set starts_at = app.now() + interval '5 minutes' + ${hour}::integer * interval '1 second'
      from parking.access_codes a where a.booking_id = b.id and b.id = ${id}::uuid returning a.code`,
  );
  return row?.code;
}

async function tracesOf({ id, space }: Booked, { event }: Step) {
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
    const [body, key] = [await step.body(booking), randomUUID()];
    const before = await tracesOf(booking, step);
    const call = committed ? step.trips : step.trips - 1;
    await faulty.fault(
      call === 0
        ? { function: step.lambda, kind: 'kill_before' }
        : { function: step.lambda, kind: 'kill_after', action: 'rds-data:ExecuteStatement', call },
    );
    const send = () => faulty.send(`/driveway/api/v1/${step.path(booking)}`, body, step.as(), key);
    expect((await send()).status).toBeGreaterThanOrEqual(500);
    const done = {
      status: step.status,
      version: Number(before?.version) + 1,
      reservations: step.reservations,
      steps: 1,
      events: 1,
      clocks: Math.min(step.reservations, 1),
    };
    const between = await tracesOf(booking, step);
    expect(between).toEqual(committed ? done : before);
    const again = await send();
    expect(again).toMatchObject({ status: 200, body: { id: booking.id, status: step.status } });
    expect(again.headers.get('idempotency-replayed')).toBe(committed ? 'true' : null);
    expect(await tracesOf(booking, step)).toEqual(done);
    const third = await send();
    expect(third.body).toEqual(again.body);
    expect(await tracesOf(booking, step)).toEqual(done);
  });
}
