import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUpStaff } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';

test('the report names the largest tables, a partitioned one as a whole, and indexes that nobody uses', async () => {
  const report = (await runSchedule('report-database')) as {
    largest_tables: { name: string; table_bytes: number }[];
    unused_indexes: { name: string }[];
    slow_statements: unknown[];
  };
  const names = report.largest_tables.map(table => table.name);
  expect(names).toContain('app.outbox');
  expect(names.filter(name => /_y\d/.test(name))).toEqual([]);
  expect(report.unused_indexes.every(index => !index.name.endsWith('_pkey'))).toBe(true);
  expect(report.slow_statements).toEqual(expect.any(Array));
});

test('the statistics of partitioned tables are refreshed, which autovacuum never does', () =>
  inScratch(async run => {
    await run(
      `create table app.things (id uuid constraint things_pkey primary key, kind integer) partition by range (id)`,
    );
    await run(`create table app.things_all partition of app.things for values from (minvalue) to (maxvalue)`);
    await run(`insert into app.things select gen_random_uuid(), n % 7 from generate_series(1, 1000) as n`);
    await run('select app.refresh_statistics()');
    const [row] = await run(
      `select n_distinct::integer as kinds from pg_stats where tablename = 'things' and attname = 'kind'`,
    );
    expect(row.kinds).toBe(7);
  }));

test('db_stats lists the tables, those with most rows first', async () => {
  const rows = await asOwner(
    sql`select tablename, inserts, updates, deletes, live_tuples, dead_tuples from app.db_stats`,
  );
  const live = rows.map(row => row.live_tuples);
  expect(live).toEqual([...live].sort((a, b) => b - a));
  expect(rows.map(row => row.tablename)).toContain('users');
});

test('nothing weakens the protection of the database, and staff without a second factor are named', async () => {
  const staff = await signUpStaff('homigo');
  const { security_findings: found } = (await runSchedule('report-database')) as {
    security_findings: { finding: string; subject: string }[];
  };
  expect(found).toContainEqual({ finding: 'staff_without_second_factor', subject: staff.id });
  expect(found.filter(({ finding }) => finding !== 'staff_without_second_factor')).toEqual([]);
});

test('a table without policies and a function for everybody are found', () =>
  inScratch(async run => {
    await run('create table app.things (id uuid constraint things_pkey primary key)');
    await run(`create function app.open_door() returns integer language sql security definer as 'select 1'`);
    await run('grant execute on function app.open_door() to public');
    const rows = await run(
      `select finding, subject from app.security_findings() where finding <> 'staff_without_second_factor' order by 1`,
    );
    expect(rows).toEqual([
      { finding: 'open_to_everybody', subject: 'app.open_door()' },
      { finding: 'without_row_level_security', subject: 'app.things' },
    ]);
  }));

test('the rotation reports how far the partitions reach', async () => {
  expect(await runSchedule('rotate-partitions')).toMatchObject({ fewest_ahead: 3 });
});
