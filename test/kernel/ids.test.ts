import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

const NOW = '2026-11-20T15:00:00.123Z';

test('ids of one transaction sort in the order in which they were made, however coarse the clock is', async () => {
  const rows = await asOwner(sql`select app.uuid_v7() as id from generate_series(1, 2000)`);
  const ids = rows.map(row => row.id);
  expect(ids).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(2000);
});

test('an id is a UUIDv7 that holds its moment to the millisecond', async () => {
  const before = Date.now();
  const [row] = await asOwner(sql`
    with made as materialized (select app.uuid_v7() as id)
    select id, app.uuid_v7_time(id) as moment, id >= app.uuid_v7_floor(app.uuid_v7_time(id)) as after_floor from made`);
  expect(row.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(row.after_floor).toBe(true);
  expect(Math.abs(Date.parse(row.moment) - before)).toBeLessThan(5_000);
});

test('the ids of a transaction are in their order and of its moment, also beyond those of one millisecond', async () => {
  const rows = await asOwner(
    sql`select made.id from app.set_context(${{ marketplace: 'driveway', now: NOW }}::jsonb),
          lateral (select app.uuid_v7() as id from generate_series(1, 5000)) as made`,
  );
  const ids = rows.map(({ id }) => String(id));
  expect(ids).toEqual([...new Set(ids)].sort());
  expect(new Set(ids.map(id => id[14]))).toEqual(new Set(['7']));
  expect(new Set(ids.map(id => id[19]))).toEqual(new Set(['8', '9', 'a', 'b']));
  const millisecond = (id = '') => Number.parseInt(id.replace('-', '').slice(0, 12), 16);
  expect(millisecond(ids[0])).toBe(Date.parse(NOW));
  expect(millisecond(ids[4095])).toBe(Date.parse(NOW));
  expect(millisecond(ids[4096])).toBe(Date.parse(NOW) + 1);
});

test('two transactions of one moment make different ids', async () => {
  const make = () =>
    asOwner(
      sql`select app.uuid_v7() as id from app.set_context(${{ marketplace: 'driveway', now: NOW }}::jsonb)`,
    );
  const [[one], [other]] = await Promise.all([make(), make()]);
  expect(one.id).not.toBe(other.id);
});
