import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { booked, inHours, listed, north, somewhere } from './spaces.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

type Point = ReturnType<typeof somewhere>;

const at = (location: Point, overrides: Record<string, unknown> = {}) =>
  listed(host, { location, ...overrides });

const search = (point: Point, query: Record<string, string | number> = {}, marketplace = 'driveway') => {
  const fields = Object.entries({ ...point, ...query }).map(([name, value]) => `${name}=${value}`);
  return anonymous(marketplace).get(`/api/v1/parking/spaces?${fields.join('&')}`);
};

/** By the distance alone, and by words. */
const ways: Record<string, string>[] = [{}, { q: 'driveway' }];

const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(item => item.id);

test('spaces within the circle come nearest first, with their distance in metres', async () => {
  const here = somewhere();
  const [far, near] = [await at(north(here, 2_000)), await at(north(here, 500))];
  await at(north(here, 10_000));
  const paused = await at(north(here, 100));
  await asOwner(
    sql`update parking.spaces set listing_status = 'inactive' where id = ${paused.id}::uuid returning id`,
  );
  const answer = await search(here, { radius_m: 3_000 });
  expect(ids(answer)).toEqual([near.id, far.id]);
  const [first, second] = answer.body.items;
  expect(first.distance_m).toBeCloseTo(500, -1);
  expect(second.distance_m).toBeCloseTo(2_000, -1);
  expect(answer.body.next_cursor).toBeNull();
});

test('a circle ends where its radius does', async () => {
  const here = somewhere();
  const space = await at(north(here, 1_000));
  const metres = (await search(here)).body.items[0].distance_m;
  expect(ids(await search(here, { radius_m: Math.ceil(metres) }))).toEqual([space.id]);
  expect(ids(await search(here, { radius_m: Math.floor(metres) }))).toEqual([]);
});

test('pages follow each other without a gap or a double, spaces at one distance included', async () => {
  const here = somewhere();
  const corner = north(here, 300);
  const spaces = await Promise.all([0, 1, 2, 3, 4, 5, 6].map(i => at(i < 4 ? corner : north(here, 100 * i))));
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await search(here, { limit: 2, ...(cursor ? { cursor } : {}) });
    expect(answer.status).toBe(200);
    seen.push(...ids(answer));
    cursor = answer.body.next_cursor;
  }
  expect(seen).toHaveLength(7);
  expect(new Set(seen)).toEqual(new Set(spaces.map(space => space.id)));
});

test.each([
  ['both names of the antimeridian', { latitude: 71.3, longitude: -180 }, { latitude: 71.3, longitude: 180 }],
  ['the pole under two longitudes', { latitude: 90, longitude: 10 }, { latitude: 90, longitude: -120 }],
  ['less than an atom off', { latitude: 72.1, longitude: 0 }, { latitude: 72.1, longitude: 1e-14 }],
])('a place is found by %s', async (_name, listedAs, soughtAs) => {
  const space = await at(listedAs);
  const answer = await search(soughtAs);
  expect(answer.status).toBe(200);
  expect(ids(answer)).toEqual([space.id]);
  expect(answer.body.items[0].distance_m).toBe(0);
});

test('a window leaves out what is taken in it, and a unit that is free keeps a space in', async () => {
  const here = somewhere();
  const [single, double] = [await at(here), await at(north(here, 50), { capacity: 2 })];
  const [from, to] = [inHours(30), inHours(32)];
  expect(ids(await search(here, { from, to }))).toEqual([single.id, double.id]);
  await booked(driver, single, from, to);
  await booked(driver, double, from, to);
  expect(ids(await search(here, { from: inHours(31), to: inHours(33) }))).toEqual([double.id]);
  await booked(driver, double, from, to);
  expect(ids(await search(here, { from, to }))).toEqual([]);
  expect(ids(await search(here, { from: to, to: inHours(34) }))).toEqual([single.id, double.id]);
  expect(ids(await search(here))).toEqual([single.id, double.id]);
});

test('a hold that has run out neither takes its time nor hides what is taken after it', async () => {
  const here = somewhere();
  const space = await at(here);
  const take = (kind: string, from: string, to: string, expires: string | null) =>
    asOwner(sql`
      insert into booking.reservations (marketplace, resource_id, unit, kind, during, expires_at)
      values ('driveway', ${space.id}::uuid, 1, ${kind}::text, tstzrange(${from}::timestamptz, ${to}::timestamptz),
        ${expires}::timestamptz) returning id`);
  await take('hold', inHours(30), inHours(32), inHours(-1));
  await take('hold', inHours(34), inHours(36), inHours(1));
  for (const query of ways) {
    const found = async (from: number, to: number) =>
      ids(await search(here, { from: inHours(from), to: inHours(to), ...query }));
    expect(await found(29, 33)).toEqual([space.id]);
    expect(await found(29, 35)).toEqual([]);
    expect(await found(37, 39)).toEqual([space.id]);
  }
});

test('what is not offered for booking is in no window, whatever its hours', async () => {
  const here = somewhere();
  const space = await at(here);
  const window = { from: inHours(30), to: inHours(32) };
  expect(ids(await search(here, window))).toEqual([space.id]);
  await asOwner(
    sql`update booking.resources set is_listed = false where id = ${space.id}::uuid returning id`,
  );
  for (const query of ways) expect(ids(await search(here, { ...window, ...query }))).toEqual([]);
});

test.each(ways)('a rate by the month needs no window: %o', async query => {
  const here = somewhere();
  const space = await at(here, { monthly_rate: 20_000 });
  const answer = await search(here, query);
  expect(ids(answer)).toEqual([space.id]);
  expect(answer.body.items[0].subtotal_amount).toBeNull();
});

test('a window asks for the space’s shortest and longest booking and its notice', async () => {
  const here = somewhere();
  const space = await at(here, {
    minimum_booking_hours: 2,
    maximum_booking_hours: 4,
    advance_booking_hours: 10,
  });
  const found = async (from: number, to: number) =>
    ids(await search(here, { from: inHours(from), to: inHours(to) }));
  expect(await found(20, 22)).toEqual([space.id]);
  expect(await found(20, 24)).toEqual([space.id]);
  expect(await found(20, 21.9)).toEqual([]);
  expect(await found(20, 24.1)).toEqual([]);
  expect(await found(9.9, 12)).toEqual([]);
});

test.each([
  ['ends_before_start', 'to', { from: inHours(3), to: inHours(3) }],
  ['starts_in_past', 'from', { from: inHours(-1), to: inHours(3) }],
  ['window_incomplete', 'to', { from: inHours(3) }],
  ['window_incomplete', 'to', { to: inHours(3) }],
])('%s is refused and names %s', async (code, field, query) => {
  const answer = await search(somewhere(), query);
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field }] });
});

test.each([
  ['latitude', { latitude: 91 }],
  ['longitude', { longitude: 181 }],
  ['radius_m', { radius_m: 50_001 }],
  ['limit', { limit: 101 }],
  ['cursor', { cursor: 'forged' }],
  ['from', { from: 'tomorrow', to: inHours(3) }],
  ['to', { from: inHours(3), to: '9999-12-31T23:59:59-23:59' }],
  ['colour', { colour: 'red' }],
])('a wrong %s is refused by name', async (field, query) => {
  const answer = await search(somewhere(), query);
  expect(answer.status).toBe(400);
  expect(answer.body.errors[0].field).toBe(field);
});

test('another marketplace finds nothing, and one without parking has no such route', async () => {
  const here = somewhere();
  await at(here);
  expect(ids(await search(here, {}, 'handie'))).toEqual([]);
  expect((await search(here, {}, 'homigo')).status).toBe(404);
});
