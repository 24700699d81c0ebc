import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { placed, reservationsOf } from './bookings.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

/** Whole minutes, so that bookings meet exactly, counted from one moment, whatever minute it is when a test asks. */
const START = Math.floor(Date.now() / 60_000) * 60_000;
const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString();
const window = (from: number, to: number) => ({ starts_at: at(from), ends_at: at(to) });
const outcomes = async (tries: Promise<unknown>[]) =>
  (await Promise.allSettled(tries)).map(one => (one.status === 'fulfilled' ? 'placed' : String(one.reason)));

describe('what the customer brings', () => {
  test('is in one place at a time, and elsewhere before and after', async () => {
    const subject_id = randomUUID();
    const first = await placed(driver, host, { subject_id, ...window(60, 120) });
    expect(await reservationsOf(first)).toHaveLength(2);
    await expect(placed(driver, host, { subject_id, ...window(90, 150) })).rejects.toThrow(
      'subject_no_overlap',
    );
    expect(await placed(driver, host, { subject_id, ...window(120, 180) })).toMatchObject({ subject_id });
    expect(await placed(driver, host, { subject_id: randomUUID(), ...window(60, 120) })).toMatchObject({
      status: 'confirmed',
    });
  });

  test('in two places at once is refused whole: the second place stays free', async () => {
    const [subject_id, resource_id] = [randomUUID(), randomUUID()];
    await placed(driver, host, { subject_id });
    await expect(placed(driver, host, { subject_id, resource_id })).rejects.toThrow('subject_no_overlap');
    expect(await placed(rival, host, { resource_id })).toMatchObject({ status: 'confirmed' });
  });

  test('of ten bookings for it at one time one is placed', async () => {
    const subject_id = randomUUID();
    const tries = await outcomes(Array.from({ length: 10 }, () => placed(driver, host, { subject_id })));
    expect(tries.filter(outcome => outcome === 'placed')).toHaveLength(1);
    expect(tries.filter(outcome => outcome.includes('subject_no_overlap'))).toHaveLength(9);
  });

  test('is free with the booking', async () => {
    const subject_id = randomUUID();
    const booking = await placed(driver, host, { subject_id });
    await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
    expect(await reservationsOf(booking)).toEqual([]);
    expect(await placed(driver, host, { subject_id })).toMatchObject({ status: 'confirmed' });
  });
});

describe('buffers', () => {
  test('keep the time around a booking free on the resource, and not for what is brought', async () => {
    const [resource_id, subject_id] = [randomUUID(), randomUUID()];
    const buffers = { buffer_before: 600, buffer_after: 1200 };
    const booking = await placed(driver, host, { resource_id, subject_id, ...buffers, ...window(60, 120) });
    const rows = await reservationsOf(booking);
    const taken = rows.find(row => row.resource_id === resource_id);
    expect([Date.parse(taken.from), Date.parse(taken.to)]).toEqual([Date.parse(at(50)), Date.parse(at(140))]);
    await expect(placed(rival, host, { resource_id, ...window(130, 160) })).rejects.toThrow(
      'reservation_no_overlap',
    );
    await expect(placed(rival, host, { resource_id, ...window(40, 55) })).rejects.toThrow(
      'reservation_no_overlap',
    );
    expect(await placed(rival, host, { resource_id, ...window(140, 160) })).toMatchObject({ unit: 1 });
    expect(await placed(driver, host, { subject_id, ...window(120, 130) })).toMatchObject({ unit: 1 });
  });
});

test('a resource of three units takes three at a time, in a unit each', async () => {
  const resource_id = randomUUID();
  const tries = await Promise.allSettled(
    Array.from({ length: 5 }, () => placed(driver, host, { resource_id, capacity: 3 })),
  );
  const units = tries.flatMap(one => (one.status === 'fulfilled' ? [one.value.unit] : []));
  expect(units.sort()).toEqual([1, 2, 3]);
});

test('of twenty at one hour one is placed, and nothing of the others stays', async () => {
  const resource_id = randomUUID();
  const tries = await outcomes(
    Array.from({ length: 20 }, (_, n) => placed(n % 2 ? driver : rival, host, { resource_id })),
  );
  expect(tries.filter(outcome => outcome === 'placed')).toHaveLength(1);
  expect(tries.filter(outcome => outcome.includes('reservation_no_overlap'))).toHaveLength(19);
});

test('bookings that touch stand beside each other', async () => {
  const resource_id = randomUUID();
  for (const [from, to] of [
    [60, 120],
    [120, 180],
    [0.5, 60],
  ] as const) {
    expect(await placed(driver, host, { resource_id, ...window(from, to) })).toMatchObject({
      status: 'confirmed',
    });
  }
});

describe('numbers', () => {
  test('are the marketplace’s own, of the year in its zone, and no two are alike', async () => {
    const bookings = await Promise.all(Array.from({ length: 40 }, () => placed(driver, host)));
    const year = new Date().toLocaleString('en-US', { timeZone: 'America/Los_Angeles', year: 'numeric' });
    for (const { number } of bookings) expect(number).toMatch(new RegExp(`^DRV-${year}-\\d{6}$`));
    expect(new Set(bookings.map(({ number }) => number)).size).toBe(40);
  });

  test('begin anew with a year of the zone, and have more digits when six are not enough', async () => {
    const numberAt = async (now: string) => {
      const context = { marketplace: 'driveway', access: 'everyone', now };
      const [row] = await asOwner(sql`select booking.next_number() as number`, context);
      return row.number;
    };
    // Eight hours behind Greenwich the old year has not ended yet.
    const [last, first] = [await numberAt('2091-01-01T07:59:59Z'), await numberAt('2091-01-01T08:00:00Z')];
    expect([last, first]).toEqual(['DRV-2090-000001', 'DRV-2091-000001']);
    await asOwner(sql`select setval('booking.number_drv_2091', 999999)`);
    expect(await numberAt('2091-06-01T00:00:00Z')).toBe('DRV-2091-1000000');
  });
});

test('nobody books with themselves, and no length is nothing', async () => {
  await expect(placed(host, host)).rejects.toThrow('bookings_parties_check');
  await expect(placed(driver, host, window(60, 60))).rejects.toThrow();
  await expect(placed(driver, host, window(60, 50))).rejects.toThrow();
});
