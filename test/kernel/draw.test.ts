import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { openDatabase } from '../../lambdas/kernel/database.ts';
import { sql } from '../../lambdas/kernel/sql.ts';

const START = Date.parse('2026-11-20T15:00:00Z');

/** Draws from a bucket of three that refills within a minute, so many seconds after the start. */
async function draw(bucket: string, seconds: number): Promise<number | null> {
  const context = {
    marketplace: 'driveway',
    access: 'everyone',
    now: new Date(START + seconds * 1000).toISOString(),
  };
  const db = openDatabase(context, { trips: 0, emitted: 0 });
  const row = await db.one(
    sql`select app.draw(${bucket}, 3, interval '60 seconds') as wait`,
    z.object({ wait: z.nullable(z.int()) }),
  );
  return row.wait;
}

test('a bucket gives what it holds and then says how long to wait', async () => {
  const bucket = randomUUID();
  expect([await draw(bucket, 0), await draw(bucket, 0), await draw(bucket, 0)]).toEqual([null, null, null]);
  expect(await draw(bucket, 0)).toBe(20);
  expect(await draw(bucket, 15)).toBe(5);
});

test('a bucket refills evenly', async () => {
  const bucket = randomUUID();
  for (let drawn = 0; drawn < 3; drawn += 1) await draw(bucket, 0);
  expect(await draw(bucket, 20)).toBeNull();
  expect(await draw(bucket, 20)).toBe(20);
});

test('a bucket that has rested holds no more than it ever did', async () => {
  const bucket = randomUUID();
  const waits = [];
  for (let drawn = 0; drawn < 4; drawn += 1) waits.push(await draw(bucket, 100_000));
  expect(waits).toEqual([null, null, null, 20]);
});

test('many who draw at once get exactly what there is', async () => {
  const bucket = randomUUID();
  const waits = await Promise.all(Array.from({ length: 20 }, () => draw(bucket, 0)));
  expect(waits.filter(wait => wait === null)).toHaveLength(3);
});

test('an empty bucket leaves another one full', async () => {
  const bucket = randomUUID();
  for (let drawn = 0; drawn < 4; drawn += 1) await draw(bucket, 0);
  expect(await draw(randomUUID(), 0)).toBeNull();
});
