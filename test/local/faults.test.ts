import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { buildApp } from '../../lib/app.ts';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { readAsOwner } from '../support/database.ts';

/** What must hold when Lambdas die, the relay stops and the database sleeps: the application as it is synthesised. */

const BOOK = 'vicinity-parking-book-space';
let folder: string;
let cloud: Cloud;
let host: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vicinity-faults-'));
  const assembly = await buildApp(join(folder, 'cdk.out'));
  cloud = await startCloud({
    port: 0,
    dataFolder: join(folder, 'data'),
    assembly,
    inMemory: true,
    quiet: true,
  });
  host = await signUp('host');
});

afterEach(() => fetch(`${cloud.url}/_local/faults`, { method: 'DELETE' }));

afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

type Sent = { status: number; headers: Headers; body: Record<string, unknown> };

async function send(path: string, body: unknown, token?: string, key?: string): Promise<Sent> {
  const response = await fetch(cloud.url + path, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(key ? { 'idempotency-key': key } : {}),
    },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Sent['body'],
  };
}

let callers = 0;

/** Everybody signs up from an address of their own: a network may make thirty accounts an hour. */
async function signUp(role: string): Promise<string> {
  callers += 1;
  const answer = await cloud.call({
    stage: 'driveway',
    method: 'POST',
    path: '/api/v1/auth/signup',
    body: {
      email: `${randomUUID()}@faults.example`,
      password: 'correct horse battery staple',
      full_name: 'Asha Rao',
      roles: [role],
    },
    ip: `10.1.${callers >> 8}.${callers & 255}`,
  });
  const token = String((answer.body as { access_token: string }).access_token);
  if (role === 'driver') {
    const { body } = await send(
      '/driveway/api/v1/vehicles',
      { license_plate: randomUUID().slice(0, 8) },
      token,
    );
    cars.set(token, body.id);
  }
  return token;
}

/** The vehicle of each driver, by the driver's token. */
const cars = new Map<string, unknown>();

async function listSpace(): Promise<string> {
  const { body } = await send(
    '/driveway/api/v1/parking/spaces',
    {
      title: 'Driveway by the park',
      address: '1195 Oak St',
      city: 'San Francisco',
      location: { latitude: 37.77, longitude: -122.44 },
      hourly_rate: 500,
    },
    host,
  );
  return String(body.id);
}

const HOUR = 3_600_000;
const from = new Date(Math.ceil(Date.now() / HOUR + 48) * HOUR).toISOString();
const to = new Date(Date.parse(from) + HOUR).toISOString();
const book = (space: string, token: string, key: string = randomUUID()) =>
  send(
    `/driveway/api/v1/parking/spaces/${space}/bookings`,
    { from, to, vehicle_id: cars.get(token) },
    token,
    key,
  );
const fault = async (spec: Record<string, unknown>) => {
  const added = await send('/_local/faults', spec);
  expect(added.status).toBe(201);
};

/** What the database holds of a space's bookings: every row of each kind. */
async function tracesOf(space: string) {
  const [traces] = await readAsOwner(
    cloud.aws,
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
    const [space, driver, key] = [await listSpace(), await signUp('driver'), randomUUID()];
    await fault(spec);
    const first = await book(space, driver, key);
    expect(first.status).toBeGreaterThanOrEqual(500);
    expect(await tracesOf(space)).toMatchObject(between);
    const second = await book(space, driver, key);
    expect(second.status).toBe(201);
    expect(second.headers.get('idempotency-replayed')).toBe(between.bookings === 1 ? 'true' : null);
    expect(await tracesOf(space)).toMatchObject(ONCE);
  },
);

test('thirty drivers race for one hour through the gateway, and one wins', async () => {
  const space = await listSpace();
  const drivers = await Promise.all(Array.from({ length: 30 }, () => signUp('driver')));
  const answers = await Promise.all(drivers.map(driver => book(space, driver)));
  const told = answers.map(({ status, body }) => (status === 201 ? 'booked' : body.code)).sort();
  expect(told).toEqual(['booked', ...Array.from({ length: 29 }, () => 'slot_taken')].sort());
});

test('events wait while the bus is down and are delivered when it is back', async () => {
  const [space, driver] = [await listSpace(), await signUp('driver')];
  await fault({ action: 'events:PutEvents', kind: 'fail', error: 'InternalException', times: 1_000 });
  expect((await book(space, driver)).status).toBe(201);
  await send('/_local/schedules/relay-outbox/run', {});
  expect((await tracesOf(space)).unsent).toBeGreaterThan(0);
  await fetch(`${cloud.url}/_local/faults`, { method: 'DELETE' });
  // Whatever a relay that failed still holds is free again after a minute.
  await send('/_local/clock', { advance_seconds: 61 });
  await vi.waitFor(
    async () => {
      await send('/_local/schedules/relay-outbox/run', {});
      expect((await tracesOf(space)).unsent).toBe(0);
    },
    { timeout: 20_000 },
  );
});

test('a request outlasts a database that is waking up', async () => {
  const [space, driver] = [await listSpace(), await signUp('driver')];
  await fault({
    action: 'rds-data:ExecuteStatement',
    kind: 'fail',
    error: 'DatabaseResumingException',
    times: 2,
  });
  expect((await book(space, driver)).status).toBe(201);
  expect(await tracesOf(space)).toMatchObject(ONCE);
});
