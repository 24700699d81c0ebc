import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';

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
