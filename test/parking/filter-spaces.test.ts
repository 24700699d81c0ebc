import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { dayIn, ruled } from '../booking/resources.ts';
import { anonymous, type Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { booked, inHours, listed, METRES_A_DEGREE, north, somewhere, vehicleOf } from './spaces.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const at = (location: ReturnType<typeof somewhere>, overrides: Record<string, unknown> = {}) =>
  listed(host, { location, ...overrides });
const ask = (path: string, query: Record<string, unknown>, somebody: Client = anonymous('driveway')) =>
  somebody.get(`${path}?${new URLSearchParams(query as Record<string, string>)}`);
const search = (query: Record<string, unknown>, somebody?: Client) =>
  ask('/api/v1/parking/spaces', query, somebody);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);
const rate = (space: { id: string }, rating: number) =>
  asOwner(
    sql`update parking.spaces set rating = ${rating}::numeric, review_count = 3 where id = ${space.id}::uuid returning id`,
  );

describe('each criterion leaves out what does not meet it', () => {
  test.each([
    [{ is_covered: true, max_vehicle_height_cm: 200 }, { is_covered: true }],
    [{ has_ev_charging: true }, { has_ev_charging: true }],
    [{ has_ev_charging: true, charging_connector_type: 'ccs' }, { charging_connector_type: 'ccs' }],
    [{ has_security_camera: true }, { has_security_camera: true }],
    [{ has_lighting: true }, { has_lighting: true }],
    [{ surface: 'paved' }, { surface: 'paved' }],
    [{ instant_booking_enabled: false }, { instant_booking_enabled: false }],
    [{ amenities: ['toilet', 'guard'] }, { amenities: 'guard' }],
    [{ hourly_rate: 300 }, { max_hourly_rate: 300 }],
    [{ title: 'A garage with two doors' }, { q: 'garages' }],
    [{ title: 'Tiefgarage am Markt' }, { q: 'tiefgarag' }],
  ])('%o for %o', async (facts, query) => {
    const here = somewhere();
    await at(here);
    const wanted = await at(north(here, 50), facts);
    expect(ids(await search({ ...here, ...query }))).toEqual([wanted.id]);
    expect(ids(await search(here))).toHaveLength(2);
  });

  test('a rating, which one without reviews does not have', async () => {
    const here = somewhere();
    const [good, fair] = [await at(here), await at(here), await at(here)];
    await rate(good, 4.5);
    await rate(fair, 3.5);
    expect(ids(await search({ ...here, min_rating: 4 }))).toEqual([good.id]);
  });

  test('a vehicle that does not fit, of the caller’s own', async () => {
    const here = somewhere();
    const wide = await at(here, { max_vehicle_width_cm: 186 });
    await at(north(here, 10), { max_vehicle_width_cm: 180 });
    const { id: vehicle_id } = await vehicleOf(driver);
    expect(ids(await search({ ...here, vehicle_id }, driver))).toEqual([wide.id]);
    for (const somebody of [host, anonymous('driveway')]) {
      const answer = await search({ ...here, vehicle_id }, somebody);
      expect(answer).toMatchObject({ status: 403, body: { code: 'vehicle_not_yours' } });
    }
  });

  test('hours in which a space is closed, and buffers around what is booked', async () => {
    const here = somewhere();
    const [open, hours, buffered] = [
      await at(here),
      await at(north(here, 10)),
      await at(north(here, 20), { buffer_after_minutes: 60 }),
    ];
    const day = dayIn(3);
    await ruled(host, hours.id, {
      availability_type: 'available',
      start_time: `${day}T09:00`,
      end_time: `${day}T12:00`,
    });
    await booked(driver, buffered, inHours(48), inHours(50));
    const answer = await search({ ...here, from: inHours(50.5), to: inHours(52) });
    expect(ids(answer)).toEqual([open.id]);
    expect(ids(await search({ ...here, from: inHours(51.2), to: inHours(53) }))).toEqual([
      open.id,
      buffered.id,
    ]);
  });

  test('nothing can be booked beyond the horizon', async () => {
    const here = somewhere();
    await at(here);
    expect(ids(await search({ ...here, from: inHours(366 * 24), to: inHours(366 * 24 + 2) }))).toEqual([]);
  });
});

describe('a map', () => {
  test('shows what lies within its bounds, the nearest to its middle first', async () => {
    const here = somewhere();
    const [corner, middle] = [await at(north(here, 900)), await at(here)];
    await at(north(here, 1_100));
    const edge = 1_000 / METRES_A_DEGREE;
    const bounds = {
      north: here.latitude + edge,
      south: here.latitude - edge,
      east: here.longitude + edge,
      west: here.longitude - edge,
    };
    expect(ids(await search(bounds))).toEqual([middle.id, corner.id]);
    const aside = north(here, 800);
    expect(ids(await search({ ...bounds, ...aside }))).toEqual([corner.id, middle.id]);
  });

  test('may lie across the antimeridian', async () => {
    const latitude = 61 + Math.random() * 10;
    const [west, east] = [
      await at({ latitude, longitude: 179.99 }),
      await at({ latitude, longitude: -179.99 }),
    ];
    await at({ latitude, longitude: 179.5 });
    const bounds = { north: latitude + 0.01, south: latitude - 0.01, west: 179.9, east: -179.9 };
    expect(new Set(ids(await search(bounds)))).toEqual(new Set([west.id, east.id]));
  });

  test.each([
    ['bounds_incomplete', { north: 1, south: 0, east: 1 }],
    ['bounds_incomplete', { north: 0, south: 1, east: 1, west: 0 }],
    ['area_too_large', { north: 10, south: 0, east: 10, west: 0 }],
    ['place_required', { latitude: 1 }],
    ['place_required', {}],
    ['window_required', { latitude: 1, longitude: 1, max_total_amount: 100 }],
  ])('%s: %o', async (code, query) => {
    const answer = await search(query);
    expect(answer).toMatchObject({ status: 422, body: { code } });
    expect(answer.body.errors).toHaveLength(1);
  });
});

describe('prices', () => {
  test('are the ones of a quote, for the window', async () => {
    const here = somewhere();
    const space = await at(here, { hourly_rate: 500, daily_rate: 4000 });
    const [from, to] = [inHours(24), inHours(24 + 30)];
    const [found] = (await search({ ...here, from, to })).body.items;
    const quoted = (await driver.post(`/api/v1/parking/spaces/${space.id}/quote`, { from, to })).body;
    for (const name of ['subtotal_amount', 'fee_amount', 'total_amount'])
      expect(found[name]).toBe(quoted[name]);
    expect((await search(here)).body.items[0]).toMatchObject({ subtotal_amount: null, total_amount: null });
    expect(ids(await search({ ...here, from, to, max_total_amount: quoted.total_amount }))).toEqual([
      space.id,
    ]);
    expect(ids(await search({ ...here, from, to, max_total_amount: quoted.total_amount - 1 }))).toEqual([]);
  });

  test('and ratings put results in order, page by page', async () => {
    const here = somewhere();
    const spaces = await Promise.all(
      [400, 200, 900, 200, 100].map((hourly_rate, n) => at(north(here, 10 * n), { hourly_rate })),
    );
    await Promise.all(spaces.map((space, n) => (n === 4 ? null : rate(space, n + 1))));
    const pages = async (query: Record<string, unknown>) => {
      const seen: { id: string; hourly_rate: number }[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const answer = await search({ ...here, ...query, limit: 2, ...(cursor ? { cursor } : {}) });
        expect(answer.status).toBe(200);
        seen.push(...answer.body.items);
        cursor = answer.body.next_cursor;
      }
      return seen;
    };
    const cheap = await pages({ sort: 'price' });
    expect(cheap.map(({ hourly_rate }) => hourly_rate)).toEqual([100, 200, 200, 400, 900]);
    expect(new Set(cheap.map(({ id }) => id)).size).toBe(5);
    const best = await pages({ sort: 'rating' });
    expect(best.map(({ id }) => id)).toEqual([3, 2, 1, 0, 4].map(n => spaces[n]?.id));
    const window = { from: inHours(24), to: inHours(26) };
    const totals = (await search({ ...here, ...window, sort: 'price' })).body.items;
    expect(totals.map((item: { subtotal_amount: number }) => item.subtotal_amount)).toEqual([
      200, 400, 400, 800, 1800,
    ]);
  });
});

describe('explanations', () => {
  test('say of each result why it is found, and why there', async () => {
    const here = somewhere();
    await at(north(here, 120), { capacity: 2, title: 'Garage' });
    const query = { ...here, from: inHours(24), to: inHours(26), q: 'garage', explain: true };
    const why = async (more = {}) => (await search({ ...query, ...more })).body.items[0].why;
    expect((await why()).map(({ code }: { code: string }) => code)).toEqual(['near', 'free', 'words']);
    expect((await why())[0].text).toBe('120 m away: the nearest come first.');
    expect((await why())[1].text).toBe('2 of 2 free for all of that time.');
    expect((await why({ sort: 'price' }))[0].code).toBe('cheap');
    expect((await why({ sort: 'rating' }))[0].code).toBe('rated');
    expect((await search(here)).body.items[0].why).toBeUndefined();
  });

  const explain = (space: { id: string }, query: Record<string, unknown>, somebody?: Client) =>
    ask(`/api/v1/parking/spaces/${space.id}/explanation`, query, somebody);
  const codes = (answer: { body: { reasons: { code: string }[] } }) =>
    answer.body.reasons.map(({ code }) => code);

  test('say of one space every reason why it is not offered', async () => {
    const here = somewhere();
    const space = await at(north(here, 3_000), { hourly_rate: 900, max_vehicle_length_cm: 300 });
    const { id: vehicle_id } = await vehicleOf(driver);
    const rival = await signUp('driveway', { roles: ['driver'] });
    const small = await vehicleOf(rival, { length_inches: 100 });
    await booked(rival, space, inHours(24), inHours(26), { vehicle_id: small.id });
    const window = { from: inHours(25), to: inHours(27) };
    const query = {
      ...here,
      ...window,
      vehicle_id,
      q: 'castle',
      is_covered: true,
      amenities: 'guard',
      max_hourly_rate: 100,
      max_total_amount: 100,
      min_rating: 4,
    };
    const answer = await explain(space, query, driver);
    expect(answer.body).toMatchObject({ offered: false, total_amount: 2070 });
    expect(answer.body.distance_m).toBeCloseTo(3_000, -1);
    expect(codes(answer)).toEqual([
      'too_far',
      'words',
      'is_covered',
      'amenities',
      'max_hourly_rate',
      'max_total_amount',
      'min_rating',
      'slot_taken',
      'vehicle_does_not_fit',
    ]);
    expect(ids(await search(query, driver))).toEqual([]);
    const offered = await explain(space, { ...here, radius_m: 4_000 });
    expect(offered.body).toMatchObject({ offered: true, reasons: [] });
  });

  test('agree with the search', async () => {
    const here = somewhere();
    const space = await at(here, { minimum_booking_hours: 3, surface: 'gravel' });
    for (const query of [
      { from: inHours(24), to: inHours(26) },
      { from: inHours(24), to: inHours(27) },
      { surface: 'gravel' },
      { surface: 'paved' },
      { has_lighting: true },
      { q: 'driveway' },
      { q: 'nothing of this' },
      { radius_m: 1 },
    ]) {
      const { offered } = (await explain(space, { ...here, ...query })).body;
      expect(ids(await search({ ...here, ...query })).includes(space.id), JSON.stringify(query)).toBe(
        offered,
      );
    }
  });

  test('tell of a space that is not listed to its owner, beside everything else, and to nobody else', async () => {
    const space = await at(somewhere());
    const query = { ...space.location, has_lighting: true, from: inHours(24), to: inHours(26) };
    await host.patch(`/api/v1/parking/spaces/${space.id}`, { listing_status: 'inactive' });
    expect((await explain(space, query)).status).toBe(404);
    expect((await explain(space, query, driver)).status).toBe(404);
    const told = await explain(space, query, host);
    expect(told.body).toMatchObject({ offered: false, distance_m: 0, total_amount: 1150 });
    expect(codes(told)).toEqual(['space_paused', 'own_space', 'has_lighting']);
    await host.delete(`/api/v1/parking/spaces/${space.id}`);
    expect((await explain(space, query, host)).status).toBe(404);
  });
});

test('whatever is asked, a search is one trip', async () => {
  const here = somewhere();
  await at(here);
  const { id: vehicle_id } = await vehicleOf(driver);
  const query = {
    from: inHours(24),
    to: inHours(26),
    vehicle_id,
    q: 'driveway',
    sort: 'price',
    explain: true,
  };
  const lines = await logsOf(async () => {
    expect(ids(await search({ ...here, ...query, max_total_amount: 100_000 }, driver))).toHaveLength(1);
  });
  expect(lines.find(line => line.message === 'request')?.trips).toBe(1);
});
