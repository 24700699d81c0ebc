import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { keptAssembly } from '../support/kept.ts';

/** An answer of the local cloud. */
export type Sent = { status: number; headers: Headers; body: Record<string, unknown> };

const HOUR = 3_600_000;

/** An hour of the day after tomorrow, and others after it. */
export const hourFrom = (hours: number) =>
  new Date(Math.ceil(Date.now() / HOUR + 48 + hours) * HOUR).toISOString();

/**
 * The application as it is synthesised, in a local cloud of the test's own whose Lambdas can be killed, with a host and what people do
 * in it. `close` ends it.
 */
export async function startFaulty() {
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-faults-'));
  const cloud: Cloud = await startCloud({
    port: 0,
    dataFolder: join(folder, 'data'),
    assembly: await keptAssembly(),
    inMemory: true,
    quiet: true,
  });
  /** The vehicle of each driver, by the driver's token. */
  const cars = new Map<string, unknown>();
  let callers = 0;

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

  /** Everybody signs up from an address of their own: a network may make thirty accounts an hour. Returns the token. */
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

  const host = await signUp('host');

  return {
    cloud,
    host,
    send,
    signUp,
    async listSpace(facts: Record<string, unknown> = {}): Promise<string> {
      const { body } = await send(
        '/driveway/api/v1/parking/spaces',
        {
          title: 'Driveway by the park',
          address: '1195 Oak St',
          city: 'San Francisco',
          location: { latitude: 37.77, longitude: -122.44 },
          hourly_rate: 500,
          ...facts,
        },
        host,
      );
      return String(body.id);
    },
    /** Books an hour, with the driver's vehicle. */
    book: (space: string, token: string, key: string = randomUUID(), hour = 0) =>
      send(
        `/driveway/api/v1/parking/spaces/${space}/bookings`,
        { from: hourFrom(hour), to: hourFrom(hour + 1), vehicle_id: cars.get(token) },
        token,
        key,
      ),
    /** Lets something go wrong. */
    async fault(spec: Record<string, unknown>): Promise<void> {
      const added = await send('/_local/faults', spec);
      if (added.status !== 201) throw new Error(`The fault answered ${added.status}.`);
    },
    clearFaults: () => fetch(`${cloud.url}/_local/faults`, { method: 'DELETE' }),
    async close(): Promise<void> {
      await cloud.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type Faulty = Awaited<ReturnType<typeof startFaulty>>;
