import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { appointLocally } from '../../scripts/create-admin/appoint-locally.ts';
import { keptAssembly } from '../support/kept.ts';

/** The application itself, as it is synthesised, in the local cloud. */

let folder: string;
let cloud: Cloud;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vicinity-application-'));
  cloud = await startCloud({
    port: 0,
    dataFolder: join(folder, 'data'),
    assembly: await keptAssembly(),
    inMemory: true,
    people: true,
    quiet: true,
  });
});

afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown) {
  const response = await fetch(cloud.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe('the application', () => {
  test.each(marketplaces.map(({ slug }) => slug))('answers for %s and documents itself', async slug => {
    const health = await fetch(`${cloud.url}/${slug}/api/v1/health`);
    expect(await health.json()).toMatchObject({ status: 'ok', marketplace: slug });
    const reference = await fetch(`${cloud.url}/${slug}/docs`);
    expect(reference.status).toBe(200);
  });

  test('makes somebody a super admin, as npm run create-admin does here', async () => {
    const appointment = { marketplace: 'driveway', email: 'root@example.com', full_name: 'Root' };
    expect(await appointLocally(cloud.url, appointment)).toBe('created');
    expect(await appointLocally(cloud.url, appointment)).toBe('unchanged');
    const wrong = { ...appointment, email: 'nobody' };
    await expect(appointLocally(cloud.url, wrong)).rejects.toThrow('Send {"marketplace"');
    await expect(appointLocally('http://localhost:9', appointment)).rejects.toThrow('No local cloud answers');
  });

  test('has a demo person of each role in each marketplace, who sign in with what the tools show', async () => {
    const { items } = (await (await fetch(`${cloud.url}/_local/people`)).json()) as {
      items: {
        marketplace: string;
        role: string;
        email: string;
        password: string;
        two_factor?: { code: string };
      }[];
    };
    const roles = marketplaces.flatMap(({ slug, roles: { open, staff } }) =>
      [...open, ...staff].map(role => `${slug} ${role}`),
    );
    expect(items.map(({ marketplace, role }) => `${marketplace} ${role}`).sort()).toEqual(roles.sort());

    for (const role of ['driver', 'admin']) {
      const person = items.find(it => it.marketplace === 'driveway' && it.role === role);
      if (!person) throw new Error(`There is no ${role}.`);
      const { email, password, two_factor } = person;
      const first = await post('/driveway/api/v1/auth/login', { email, password });
      const last = two_factor
        ? await post('/driveway/api/v1/auth/two-factor/verify', {
            challenge: first.body.challenge,
            code: two_factor.code,
          })
        : first;
      expect(last).toMatchObject({ status: 200, body: { user: { email, roles: [role] } } });
    }
  });

  test('carries an event from a request over the bus and a queue to the person’s phone', async () => {
    const phone = '+919812345678';
    const account = {
      phone,
      email: 'asha@phone.example',
      full_name: 'Asha Rao',
      password: 'correct horse battery',
      roles: ['customer'],
    };
    expect(await post('/handie/api/v1/auth/signup', account)).toMatchObject({ status: 201 });
    expect(await post('/handie/api/v1/auth/request-otp', { phone })).toMatchObject({ status: 202 });
    await vi.waitFor(
      () => expect(cloud.aws.messages.list({ to: phone, channel: 'sms' }).length).toBeGreaterThan(0),
      { timeout: 15_000 },
    );
  });

  test('runs every schedule without a failure', async () => {
    const { items } = (await (await fetch(`${cloud.url}/_local/schedules`)).json()) as {
      items: { name: string }[];
    };
    expect(items.length).toBeGreaterThan(0);
    for (const { name } of items) {
      expect(await post(`/_local/schedules/${name}/run`, {})).toMatchObject({
        body: { status: 'succeeded' },
      });
    }
  });
});
