import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startCloud } from '../local/cloud.ts';
import { atMost, median, type Result } from './support/measure.ts';

const TURNS = 24;

/** Whether time tells that an address has an account: the same request for one that has, and for one that has none. */
export async function benchAccounts(): Promise<Result[]> {
  const dataFolder = mkdtempSync(join(tmpdir(), 'vicinity-accounts-'));
  const cloud = await startCloud({ port: 0, dataFolder, inMemory: true, quiet: true });
  const api = `${cloud.url}/driveway/api/v1/auth`;

  /** Attempts of one network are limited: an hour later it may try again. */
  const anHourLater = async () => {
    expectStatus(await post(`${cloud.url}/_local/clock`, { advance_seconds: 3600 }), 200);
    // What became due runs now, beside whatever is measured.
    await setTimeout(500);
  };

  async function compareAnswers(name: string, path: string, body: Record<string, unknown>): Promise<Result> {
    const statuses = new Set<number>();
    const taken = { known: [] as number[], unknown: [] as number[] };
    for (let turn = 0; turn <= TURNS; turn += 1) {
      if (turn % 4 === 0) await anHourLater();
      // Who is asked first takes turns too, so that what the first leaves behind falls on both.
      const order = turn % 2 === 0 ? (['known', 'unknown'] as const) : (['unknown', 'known'] as const);
      for (const who of order) {
        const started = performance.now();
        const answer = await post(`${api}/${path}`, { ...body, email: `${who}${turn}@bench.example` });
        if (turn > 0) taken[who].push(performance.now() - started);
        statuses.add(answer.status);
      }
    }
    if (statuses.size > 1) throw new Error(`${path} was answered with ${[...statuses].join(' and ')}.`);
    const times = { known: median(taken.known), unknown: median(taken.unknown) };
    const ratio = Math.max(times.known / times.unknown, times.unknown / times.known);
    return atMost(
      `${name}: an address with an account against one without`,
      `${times.known.toFixed(1)} against ${times.unknown.toFixed(1)} ms`,
      ratio,
      1.15,
    );
  }

  try {
    for (let turn = 0; turn <= TURNS; turn += 1) {
      if (turn % 4 === 0) await anHourLater();
      const account = { email: `known${turn}@bench.example`, full_name: 'Asha Rao', roles: ['driver'] };
      expectStatus(
        await post(`${api}/signup`, { ...account, password: 'correct horse battery staple' }),
        201,
      );
    }
    return [
      await compareAnswers('A wrong password', 'login', { password: 'a guess that is wrong' }),
      await compareAnswers('A request for a code', 'request-otp', {}),
    ];
  } finally {
    await cloud.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

async function post(url: string, body: unknown): Promise<{ status: number }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return { status: response.status };
}

function expectStatus({ status }: { status: number }, wanted: number): void {
  if (status !== wanted) throw new Error(`A request was answered with ${status} instead of ${wanted}.`);
}
