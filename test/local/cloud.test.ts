import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type Cloud, startCloud } from '../../local/cloud.ts';
import { writeAssembly } from './fixtures/write-assembly.ts';

let folder: string;
let cloud: Cloud;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vicinity-cloud-'));
  const assembly = writeAssembly(join(folder, 'cdk.out'));
  cloud = await startCloud({
    port: 0,
    dataFolder: join(folder, 'data'),
    assembly,
    inMemory: true,
    quiet: true,
  });
}, 120_000);

afterAll(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A request of one of the tools, or of the stage. */
async function request(method: string, path: string, body?: unknown) {
  const response = await fetch(cloud.url + path, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined };
}

const itemsOf = async (tool: string) => (await request('GET', `/_local/${tool}`)).body.items;

describe('a route', () => {
  test('reaches the database through the Data API, and the trips are counted', async () => {
    const { status, body } = await request('POST', '/shop/visits');
    expect(status).toBe(200);
    expect(body.visits).toBeGreaterThan(0);
    expect(await itemsOf('trips')).toContainEqual({
      function: 'count',
      invocations: expect.any(Number),
      trips: expect.any(Number),
      max_trips: 3,
    });
  });

  test('whose Lambda calls what its role does not allow is denied as in AWS', async () => {
    const { body } = await request('POST', '/shop/elsewhere');
    expect(body.status).toBe(403);
    expect(JSON.stringify(body)).toContain('AccessDenied');
  });
});

describe('a fault', () => {
  test('that kills the caller once its statement succeeded leaves the work committed', async () => {
    const before = (await request('POST', '/shop/visits')).body.visits;
    // The second statement of the Lambda is the insert.
    const fault = { function: 'count', action: 'rds-data:ExecuteStatement', kind: 'kill_after', call: 2 };
    expect((await request('POST', '/_local/faults', fault)).status).toBe(201);
    expect((await request('POST', '/shop/visits')).status).toBe(500);
    expect((await request('POST', '/shop/visits')).body.visits).toBe(before + 2);
  });

  test('of an action is told to the caller as the service’s own error', async () => {
    onTestFinished(async () => {
      await request('DELETE', '/_local/faults');
    });
    await request('POST', '/_local/faults', {
      action: 'rds-data:ExecuteStatement',
      kind: 'fail',
      error: 'DatabaseResumingException',
      times: 3,
    });
    expect((await request('POST', '/shop/visits')).status).toBe(500);
    expect(await itemsOf('faults')).toEqual([]);
  });

  test('that cannot be is refused with a sentence', async () => {
    expect(await request('POST', '/_local/faults', { function: 'nobody', kind: 'fail' })).toEqual({
      status: 400,
      body: { message: 'There is no function named nobody.' },
    });
    expect((await request('POST', '/_local/faults', { kind: 'fail' })).status).toBe(400);
    expect((await request('POST', '/_local/faults', { function: 'count', kind: 'melt' })).status).toBe(400);
  });
});

describe('a queue', () => {
  const jobs = async () => (await itemsOf('queues')).find(({ name }: { name: string }) => name === 'jobs');

  test('gives a record up after as many failures as the template says', async () => {
    await request('POST', '/shop/jobs?body=bad');
    for (const delivery of [1, 2]) {
      await vi.waitFor(() =>
        expect(cloud.functions.find('consume')?.statistics().invocations).toBe(delivery),
      );
      await vi.waitFor(async () => expect(await jobs()).toMatchObject({ in_flight: 1 }));
      await request('POST', '/_local/clock', { advance_seconds: 60 });
    }
    await vi.waitFor(async () =>
      expect(await jobs()).toEqual({ name: 'jobs', depth: 0, in_flight: 0, dlq_depth: 1 }),
    );
  });
});

describe('a schedule', () => {
  test('runs by hand with its input and tells its result', async () => {
    const { body } = await request('POST', '/_local/schedules/tick-shop/run');
    expect(body).toMatchObject({ status: 'succeeded', result: { seen: 'shop' } });
  });

  test('runs when the clock is moved, in the moved time', async () => {
    const { body } = await request('POST', '/_local/clock', { advance_seconds: 7200 });
    await vi.waitFor(async () => {
      const [state] = await itemsOf('schedules');
      expect(state).toMatchObject({ name: 'tick-shop', function: 'tick', last_status: 'succeeded' });
      expect(state.last_run_at >= body.now.slice(0, 19)).toBe(true);
    });
  });

  test('that is not there is told so', async () => {
    expect((await request('POST', '/_local/schedules/other/run')).status).toBe(404);
  });
});

describe('the tools', () => {
  test('are listed, and are on no stage', async () => {
    const { body } = await request('GET', '/_local/');
    expect(body.tools.map(({ path }: { path: string }) => path)).toContain('/_local/messages');
    expect((await request('GET', '/shop/_local/')).status).toBe(404);
    expect((await request('GET', '/_local/nothing')).status).toBe(404);
  });

  test('refuse a body that is wrong', async () => {
    expect((await request('POST', '/_local/clock', { advance_seconds: -1 })).status).toBe(400);
    expect((await request('POST', '/_local/clock', { advance_seconds: 'one' })).status).toBe(400);
    expect((await request('POST', '/_local/clock', { advance_seconds: 1e15 })).status).toBe(400);
  });
});

describe('a second start', () => {
  const second = (port: number, dataFolder: string) =>
    startCloud({ port, dataFolder, assembly: join(folder, 'cdk.out'), quiet: true });

  test('on the same port says so', async () => {
    const port = Number(new URL(cloud.url).port);
    await expect(second(port, join(folder, 'other'))).rejects.toThrow(`Port ${port} is in use.`);
  });

  test('on the same data says so', async () => {
    await expect(second(0, join(folder, 'data'))).rejects.toThrow('is in use.');
  });

  test('on a folder of somebody else’s says so', async () => {
    await expect(second(0, folder)).rejects.toThrow('holds files that are not Vicinity');
  });
});
