import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { callDatabase } from '../lambdas/kernel/data-api.ts';
import { type Database, openDatabase } from '../lambdas/kernel/database.ts';
import type { Statement } from '../lambdas/kernel/sql.ts';
import type { Call } from '../lambdas/kernel/use-case.ts';
import { bookSpace } from '../lambdas/parking/book-space.ts';
import { startAws } from '../local/aws/aws.ts';
import { driveway } from '../marketplaces/driveway.ts';
import { makeBareInsert, type Slot } from './support/bare-insert.ts';
import { atLeast, median, type Result } from './support/measure.ts';
import { contextOf, personId, seedSpaces, spaceId, vehicleId } from './support/seed-spaces.ts';
import { connectAs, migrate, startPostgres } from './support/start-postgres.ts';

const CLIENTS = 32;
const ROUNDS = 7;
const SECONDS = 5;
const SPACES = 200;
const RACES = 100;

type Write = (client: number, slot: Slot) => Statement;

/** Booking against a bare insert of two rows through the same client, and 32 clients who want one hour of one space. */
export async function benchBooking(): Promise<Result[]> {
  const server = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-booking-'));
  const before = { ...process.env };
  try {
    await migrate(server.url);
    const owner = await connectAs(server.url, 'vicinity_owner');
    await seedSpaces(owner, CLIENTS, SPACES);
    await owner.end();
    const aws = await startAws({ databaseUrl: server.url, dataFolder: folder, now: () => new Date() });
    Object.assign(process.env, {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local-admin',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL: aws.endpoint,
      DATABASE_ARN: aws.clusterArn,
      DATABASE_SECRET_ARN: aws.secrets.api,
      DATABASE_NAME: 'vicinity',
    });
    try {
      const write = await takeWrite();
      return [await compareThroughput(server.url, write), await race(write)];
    } finally {
      await aws.close();
    }
  } finally {
    process.env = before;
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

/** A space of the client's own at each turn, and another hour, since their vehicle is in one place at a time. */
function slotOf(client: number, turn: number): Slot {
  const hour = Math.ceil(Date.now() / 3_600_000) + 48 + turn;
  return { space_id: spaceId(client * SPACES + (turn % SPACES)), ...hourOf(hour) };
}

const hourOf = (hour: number) => ({
  from: new Date(hour * 3_600_000).toISOString(),
  to: new Date((hour + 1) * 3_600_000).toISOString(),
});

/** The whole use case, load and write. */
function book(client: number, slot: Slot, db: Database) {
  const input = {
    ...slot,
    vehicle_id: vehicleId(client),
    notes: null,
    promo_code: null,
    expected_total_amount: null,
  };
  const call: Call & { session: string } = {
    db,
    marketplace: driveway,
    now: new Date(),
    actor: personId(client),
    session: personId(client),
    bearer: async () => null,
  };
  return bookSpace.run(input, call);
}

/** The write of the use case for any slot: taken from a booking that is made here. */
async function takeWrite(): Promise<Write> {
  const made: Statement[] = [];
  const db = openDatabase(contextOf(0), { trips: 0, emitted: 0 });
  const one: Database['one'] = (statement, row) => {
    made.push(statement);
    return db.one(statement, row);
  };
  await book(0, slotOf(0, 0), { ...db, one });
  const [, write] = made;
  if (!write) throw new Error('The use case made no second statement.');
  const [, version, details] = write.values;
  return (client, { space_id, from, to }) => ({
    ...write,
    values: [
      space_id,
      version,
      { ...(details as object), starts_at: from, ends_at: to, vehicle_id: vehicleId(client) },
    ],
  });
}

async function send(client: number, statement: Statement): Promise<string | null> {
  const answer = await callDatabase(contextOf(client), statement);
  return 'refused' in answer ? (answer.refused.constraint ?? JSON.stringify(answer.refused)) : null;
}

async function compareThroughput(url: string, write: Write): Promise<Result> {
  const insertBare = await makeBareInsert(url);
  const bookings = turnsOf();
  const inserts = turnsOf();
  const speeds: { bare: number; run: number; write: number; whole: number }[] = [];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const bare = await speedOf(inserts, (_, slot) => insertBare.plain(slot));
    const run = await speedOf(inserts, async (client, slot) => {
      const refused = await send(client, insertBare.statement(slot));
      if (refused) throw new Error(`A bare insert was refused: ${refused}`);
    });
    const written = await speedOf(bookings, async (client, slot) => {
      const refused = await send(client, write(client, slot));
      if (refused) throw new Error(`A booking was refused: ${refused}`);
    });
    const whole = await speedOf(bookings, (client, slot) =>
      book(client, slot, openDatabase(contextOf(client), { trips: 0, emitted: 0 })),
    );
    // The first round warms up.
    if (round > 0) speeds.push({ bare, run, write: written, whole });
  }
  const ratio = median(speeds.map(speed => speed.write / speed.bare));
  const middle = speeds.find(speed => speed.write / speed.bare === ratio);
  const whole = median(speeds.map(speed => speed.whole));
  const run = median(speeds.map(speed => speed.write / speed.run));
  return atLeast(
    `Booking / a bare insert of two rows, ${CLIENTS} clients on different spaces`,
    `${middle?.write.toFixed(0)} / ${middle?.bare.toFixed(0)} a second; ${run.toFixed(2)} of the same insert through app.run; ${whole.toFixed(0)} whole use cases of two trips`,
    ratio,
    0.7,
  );
}

/** How many slots each client has used. */
const turnsOf = () => Array<number>(CLIENTS).fill(0);

/** What all clients get done in a second, each one call after another, each at a slot of its own. */
async function speedOf(
  turns: number[],
  call: (client: number, slot: Slot) => Promise<unknown>,
): Promise<number> {
  const started = performance.now();
  let done = 0;
  await Promise.all(
    turns.map(async (_, client) => {
      while (performance.now() - started < SECONDS * 1000) {
        const turn = (turns[client] ?? 0) + 1;
        turns[client] = turn;
        await call(client, slotOf(client, turn));
        done += 1;
      }
    }),
  );
  return (done / (performance.now() - started)) * 1000;
}

/** One hour after another that all clients want, each a few milliseconds after the others. */
async function race(write: Write): Promise<Result> {
  let slowest = 0;
  let wrong = 0;
  for (let round = 0; round < RACES; round += 1) {
    // Beyond what was booked above.
    const slot = { space_id: spaceId(0), ...hourOf(Math.ceil(Date.now() / 3_600_000) + 24 * 300 + round) };
    const answers = await Promise.all(
      turnsOf().map(async (_, client) => {
        await setTimeout(Math.random() * 10);
        const started = performance.now();
        const refused = await send(client, write(client, slot));
        slowest = Math.max(slowest, performance.now() - started);
        return refused;
      }),
    );
    const won = answers.filter(refused => refused === null).length;
    const lost = answers.filter(refused => refused === 'reservation_no_overlap').length;
    if (won !== 1 || lost !== CLIENTS - 1) wrong += 1;
  }
  return {
    name: `${CLIENTS} clients race for one hour of one space, ${RACES} times`,
    measured: `${RACES - wrong} × one winner, the slowest caller waited ${slowest.toFixed(0)} ms`,
    ratio: wrong,
    bar: 'one winner each, nobody waits 1 s',
    passed: wrong === 0 && slowest < 1000,
  };
}
