import type pg from 'pg';
import { driveway } from '../marketplaces/driveway.ts';
import { atMost, type Result } from './support/measure.ts';
import { contextOf, personId, seedSpaces, spaceId } from './support/seed-spaces.ts';
import { connectAs, migrate, startPostgres } from './support/start-postgres.ts';

const BOOKINGS = 10_000_000;
/** Filled one after another, oldest first, in pieces that keep the log of changes small. */
const YEARS = [2024, 2025];
const PIECES = 10;
const INSERTERS = 4;
const MONTHS = 12;

/** A year of partitions made and dropped, month by month as the schedule does, while others book: how long a booking waits for it. */
export async function benchPartitions(): Promise<Result[]> {
  const server = await startPostgres();
  try {
    await migrate(server.url);
    const owner = await connectAs(server.url, 'vicinity_owner');
    await seedSpaces(owner, INSERTERS, 100);
    await fill(server.url);
    const stop = new AbortController();
    const inserters = Array.from({ length: INSERTERS }, (_, client) =>
      keepBooking(server.url, client, stop.signal),
    );
    const worker = await connectAs(server.url, 'vicinity_worker');
    let changes = 0;
    let longest = 0;
    let missed = 0;
    for (let month = 1; month <= MONTHS; month += 1) {
      const now = new Date();
      now.setUTCMonth(now.getUTCMonth() + month);
      const run = await rotate(worker, now);
      // A run that found a table busy changes nothing and leaves the work to the next one.
      if (run.changes === null) missed += 1;
      changes += run.changes ?? 0;
      longest = Math.max(longest, run.milliseconds);
    }
    stop.abort();
    const waits = await Promise.all(inserters);
    const { rows } = await owner.query(
      `select count(*)::integer as partitions from pg_inherits where inhparent = 'booking.bookings'::regclass`,
    );
    await worker.end();
    await owner.end();
    const done = waits.reduce((sum, { done }) => sum + done, 0);
    const slowest = Math.max(...waits.map(({ slowest }) => slowest));
    const measured = `${slowest.toFixed(0)} ms, the slowest of ${done} bookings; ${changes} changes in ${MONTHS} runs of ${longest.toFixed(0)} ms at most, ${missed} put off; ${rows[0].partitions} years`;
    return [
      atMost(
        `Longest wait of a booking, in seconds, while partitions are rotated under ${BOOKINGS / 1e6} million bookings`,
        measured,
        changes > 0 ? slowest / 1000 : Number.POSITIVE_INFINITY,
        1,
      ),
    ];
  } finally {
    await server.stop();
  }
}

/** Bookings that are over, spread over their years. What they refer to is there: nothing is looked up for each of them. */
async function fill(url: string): Promise<void> {
  const client = await connectAs(url, 'postgres');
  await client.query('set session_replication_role = replica');
  const each = BOOKINGS / YEARS.length / PIECES;
  for (const year of YEARS) {
    for (let piece = 0; piece < PIECES; piece += 1) {
      await client.query(
        `insert into booking.bookings (id, marketplace, number, module, flow_id, resource_id, resource_name, customer_id, provider_id,
           unit, starts_at, ends_at, time_zone, status, line_items, currency, subtotal_amount, fee_amount, total_amount,
           created_at, updated_at)
         select app.uuid_v7_floor(t), 'driveway', 'OLD-' || $1::integer || '-' || $2::integer * $3::integer + n, 'parking', f.id,
           $4, 'Space', $5, $6, 1, t, t + interval '1 hour', 'America/Los_Angeles', 'completed', '[]', 'USD', 0, 0, 0, t, t
         from generate_series(0, $3::integer - 1) as n,
           lateral (select make_timestamptz($1, 1, 1, 0, 0, 0, 'UTC')
             + ($2::integer * $3::integer + n) * interval '1 day' * 365 / ($3::float8 * $7::integer) as t) as at,
           booking.flows f
         where f.marketplace = 'driveway' and f.module = 'parking' and f.is_current`,
        [year, piece, each, spaceId(0), personId(0), personId(INSERTERS), PIECES],
      );
      await client.query('checkpoint');
    }
    await client.query(`vacuum analyze booking.bookings_y${year}`);
  }
  await client.end();
}

/** Books one hour after another until told to stop. */
async function keepBooking(url: string, client: number, signal: AbortSignal) {
  const connection = await connectAs(url, 'vicinity_owner');
  let done = 0;
  let slowest = 0;
  while (!signal.aborted) {
    const from = Math.ceil(Date.now() / 3_600_000) + 24 + done;
    const details = {
      module: 'parking',
      resource_id: spaceId(client * 100),
      resource_name: 'Space',
      provider_id: personId(INSERTERS + client),
      starts_at: new Date(from * 3_600_000).toISOString(),
      ends_at: new Date((from + 1) * 3_600_000).toISOString(),
      time_zone: 'America/Los_Angeles',
      policy: driveway.policies.parking,
      line_items: [],
      currency: 'USD',
      subtotal_amount: 0,
      fee_amount: 0,
      total_amount: 0,
    };
    const started = performance.now();
    const { rows } = await connection.query('select run from app.run($1::jsonb, $2, $3) as run', [
      JSON.stringify(contextOf(client)),
      'select (booking.place(jsonb_populate_record(null::booking.bookings, $1 -> 0), 1, true)).id',
      JSON.stringify([details]),
    ]);
    if ('refused' in rows[0].run) throw new Error(JSON.stringify(rows[0].run.refused));
    slowest = Math.max(slowest, performance.now() - started);
    done += 1;
  }
  await connection.end();
  return { done, slowest };
}

/** One run of the schedule at a moment to come, change by change. `changes` is null when a table was busy for longer than it waits. */
async function rotate(
  worker: pg.Client,
  now: Date,
): Promise<{ changes: number | null; milliseconds: number }> {
  const started = performance.now();
  for (let changes = 0; ; changes += 1) {
    const { rows } = await worker.query('select run from app.run($1::jsonb, $2, $3) as run', [
      JSON.stringify({ marketplace: 'driveway', now: now.toISOString() }),
      'select partition, change from app.rotate_partitions(1)',
      '[]',
    ]);
    const [first, change] = rows;
    const refused = first.run.refused;
    if (refused && refused.sqlstate !== '55P03') throw new Error(JSON.stringify(refused));
    if (change && !refused) continue;
    return { changes: refused ? null : changes, milliseconds: performance.now() - started };
  }
}
