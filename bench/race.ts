import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cloud, startCloud } from '../local/cloud.ts';
import type { Result } from './support/measure.ts';
import { startPostgres } from './support/start-postgres.ts';

const DRIVERS = 200;

type Body = { id?: string; code?: string; access_token?: string };
type Answer = { status: number; body: Body };

/** 200 drivers after one hour of one space, over HTTP against the running template, on both databases. */
export async function benchRace(): Promise<Result[]> {
  const server = await startPostgres();
  try {
    return [await race('the embedded database'), await race('PostgreSQL 15', server.url)];
  } finally {
    await server.stop();
  }
}

async function race(name: string, databaseUrl?: string): Promise<Result> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'vicinity-race-'));
  const cloud = await startCloud({ port: 0, dataFolder, databaseUrl, quiet: true });
  try {
    const api = `${cloud.url}/driveway/api/v1`;
    const host = await signUp(cloud, 'host', 0);
    const space = await send(api, '/parking/spaces', host, {
      title: 'A driveway by the park',
      address: '1195 Oak St',
      city: 'San Francisco',
      state: 'CA',
      zip_code: '94117',
      location: { latitude: 37.772737, longitude: -122.438887 },
      hourly_rate: 500,
    });
    if (!space.body.id) throw new Error(`The space was not listed: ${JSON.stringify(space.body)}`);
    const tokens: string[] = [];
    for (let n = 1; n <= DRIVERS; n += 10) {
      tokens.push(
        ...(await Promise.all(Array.from({ length: 10 }, (_, k) => signUp(cloud, 'driver', n + k)))),
      );
    }
    const cars: (string | undefined)[] = [];
    for (const [n, token] of tokens.entries()) {
      cars.push((await send(api, '/vehicles', token, { license_plate: `RACE${n}` })).body.id);
    }
    const from = new Date(Date.now() + 48 * 3_600_000).toISOString();
    const to = new Date(Date.now() + 49 * 3_600_000).toISOString();
    const answers = await Promise.all(
      tokens.map((token, n) =>
        send(api, `/parking/spaces/${space.body.id}/bookings`, token, { from, to, vehicle_id: cars[n] }),
      ),
    );
    const won = answers.filter(answer => answer.status === 201).length;
    const lost = answers.filter(answer => answer.status === 409 && answer.body.code === 'slot_taken').length;
    return {
      name: `${DRIVERS} drivers race for one hour on ${name}`,
      measured: `${won} × 201, ${lost} × 409 slot_taken, ${DRIVERS - won - lost} others`,
      ratio: won,
      bar: `1 × 201, ${DRIVERS - 1} × 409`,
      passed: won === 1 && lost === DRIVERS - 1,
    };
  } finally {
    await cloud.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

/** Everybody signs up from an address of their own: a network may make thirty accounts an hour. */
async function signUp(cloud: Cloud, role: string, n: number): Promise<string> {
  const answer = await cloud.call({
    stage: 'driveway',
    method: 'POST',
    path: '/api/v1/auth/signup',
    body: {
      email: `${role}${n}@race.example`,
      password: 'correct horse battery staple',
      full_name: 'Racer',
      roles: [role],
    },
    ip: `10.${role === 'host' ? 1 : 2}.${n >> 8}.${n & 255}`,
  });
  const { access_token } = answer.body as Body;
  if (!access_token) throw new Error(`Sign-up answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return access_token;
}

async function send(api: string, path: string, token: string | undefined, body: unknown): Promise<Answer> {
  const response = await fetch(`${api}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Body };
}
