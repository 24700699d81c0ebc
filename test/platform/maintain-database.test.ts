import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner as byItself } from '../../lambdas/platform/owner-connection.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';

/** Runs the schedule on a day of the next month. */
function runOn(day: number): Promise<{ done: string[]; left: number }> {
  const now = new Date();
  advanceClock((Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, day) - now.getTime()) / 1000);
  return runSchedule('maintain-database') as Promise<{ done: string[]; left: number }>;
}

/** Rows come and go, and the statistics are told at once. */
async function wear(): Promise<void> {
  await asOwner(sql`
    insert into app.rate_limits (bucket, full_at) select 'worn/' || n, app.now() from generate_series(1, 20000) as n
    returning 1 as one`);
  await asOwner(sql`
    with gone as (delete from app.rate_limits where bucket like 'worn/%' returning 1)
    select count(*)::integer as n, pg_stat_force_next_flush()::text as told from gone`);
}

const VACUUM = 'vacuum (analyze) app.rate_limits';
const REINDEX = 'reindex table concurrently app.rate_limits';

test('tables that have changed are vacuumed and analysed', async () => {
  await wear();
  const { done, left } = await runOn(15);
  expect(left).toBe(0);
  expect(done).toContain(VACUUM);
  expect(done.filter(statement => statement.startsWith('reindex'))).toEqual([]);
  const [row] = await asOwner(
    sql`select n_dead_tup::integer as dead, last_vacuum is not null as vacuumed, last_analyze is not null as analysed
        from pg_stat_user_tables where relid = 'app.rate_limits'::regclass`,
  );
  expect(row).toEqual({ dead: 0, vacuumed: true, analysed: true });
});

test('once a month the indexes of the tables that change most are rebuilt as well', async () => {
  await wear();
  const before = await asOwner(
    sql`select 'app.rate_limits_pkey'::regclass::oid::integer as id, pg_relation_filenode('app.rate_limits_pkey')::integer as file`,
  );
  const { done } = await runOn(6);
  expect(done).toEqual(expect.arrayContaining([VACUUM, REINDEX]));
  const after = await asOwner(sql`select pg_relation_filenode('app.rate_limits_pkey')::integer as file`);
  expect(after[0].file).not.toBe(before[0].file);
  expect(
    await asOwner(sql`select indexrelid::regclass::text as name from pg_index where not indisvalid`),
  ).toEqual([]);
});

test('a partitioned table is rebuilt as a whole', async () => {
  await byItself('reindex table concurrently booking.bookings');
  expect(
    await asOwner(sql`select indexrelid::regclass::text as name from pg_index where not indisvalid`),
  ).toEqual([]);
});
