import { beforeAll, expect, test } from 'vitest';
import { anonymous, type Client } from '../support/client.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { booked, inHours, listed, north, somewhere, vehicleOf } from './spaces.ts';

/** What a search says to somebody whom it knows: of spaces of their own, and of the vehicle that they would come with. */

const PATH = '/api/v1/parking/spaces';
let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host', 'driver'] });
  driver = await signUp('driveway', { roles: ['host', 'driver'] });
});

const ask = (path: string, query: Record<string, unknown>, somebody: Client) =>
  somebody.get(`${path}?${new URLSearchParams(query as Record<string, string>)}`);
const search = (query: Record<string, unknown>, somebody: Client = driver) => ask(PATH, query, somebody);
const explain = (space: { id: string }, query: Record<string, unknown>, somebody: Client = driver) =>
  ask(`${PATH}/${space.id}/explanation`, query, somebody);
const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);
const codes = (reasons: { code: string }[]) => reasons.map(({ code }) => code);

const window = { from: inHours(24), to: inHours(26) };

test.each([
  ['by distance', {}],
  ['by price', { sort: 'price' }],
  ['by words', { q: 'driveway' }],
  ['for a time', window],
  ['by words for a time', { q: 'driveway', ...window }],
])('a host who searches %s is offered everybody’s spaces but their own', async (_name, query) => {
  const here = somewhere();
  const own = await listed(host, { location: here });
  const other = await listed(driver, { location: north(here, 50) });
  expect(ids(await search({ ...here, ...query }, host))).toEqual([other.id]);
  expect(ids(await search({ ...here, ...query }, driver))).toEqual([own.id]);
  expect(new Set(ids(await search({ ...here, ...query }, anonymous('driveway'))))).toEqual(
    new Set([own.id, other.id]),
  );
});

test('pages of a host skip their own spaces without a gap', async () => {
  const here = somewhere();
  const spaces = await Promise.all(
    [host, driver, host, host, driver, driver].map((owner, n) =>
      listed(owner, { location: north(here, 10 * n) }),
    ),
  );
  const seen: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const answer = await search({ ...here, limit: 1, ...(cursor ? { cursor } : {}) }, host);
    expect(answer.body.items).toHaveLength(1);
    seen.push(...ids(answer));
    cursor = answer.body.next_cursor;
  }
  expect(seen).toEqual([1, 4, 5].map(n => spaces[n]?.id));
});

test('an explanation says own_space to whoever lets the space, and to nobody else', async () => {
  const here = somewhere();
  const space = await listed(host, { location: here });
  expect((await explain(space, here, host)).body).toMatchObject({
    offered: false,
    reasons: [{ code: 'own_space', title: 'This space is your own: you cannot book it.' }],
  });
  for (const somebody of [driver, anonymous('driveway')]) {
    expect((await explain(space, here, somebody)).body).toMatchObject({ offered: true, reasons: [] });
  }
});

test.each([
  ['by distance', {}],
  ['by words', { q: 'driveway' }],
])('a search %s says whether the vehicle is free, also where there is no space', async (_name, query) => {
  const here = somewhere();
  const [space, taken] = [await listed(host, { location: here }), await listed(host)];
  const { id: vehicle_id } = await vehicleOf(driver);
  await booked(driver, taken, window.from, window.to, { vehicle_id });
  const asked = { ...here, ...query, vehicle_id, explain: true };
  const busy = await search({ ...asked, from: inHours(25), to: inHours(27) });
  expect(ids(busy)).toEqual([space.id]);
  expect(busy.body.vehicle_available).toBe(false);
  expect(codes(busy.body.items[0].why)).toContain('vehicle_busy');
  const nowhere = { ...asked, ...north(here, 30_000) };
  expect((await search({ ...nowhere, ...window })).body).toEqual({
    items: [],
    next_cursor: null,
    vehicle_available: false,
  });
  // What ends when the other begins is beside it.
  const free = await search({ ...asked, from: window.to, to: inHours(27) });
  expect(free.body.vehicle_available).toBe(true);
  expect(codes(free.body.items[0].why)).not.toContain('vehicle_busy');
  expect((await search({ ...nowhere, from: window.to, to: inHours(27) })).body.vehicle_available).toBe(true);
  for (const unknown of [asked, { ...here, ...query, ...window }]) {
    expect((await search(unknown)).body).toMatchObject({
      items: [{ id: space.id }],
      vehicle_available: null,
    });
  }
});

test('a vehicle whose booking was cancelled is free again', async () => {
  const here = somewhere();
  await listed(host, { location: here });
  const { id: vehicle_id } = await vehicleOf(driver);
  const booking = await booked(driver, await listed(host), window.from, window.to, { vehicle_id });
  const available = async () =>
    (await search({ ...here, ...window, vehicle_id })).body.vehicle_available as boolean;
  expect(await available()).toBe(false);
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
  expect(await available()).toBe(true);
});

test('an explanation says vehicle_busy beside every other reason', async () => {
  const here = somewhere();
  const [space, other] = [await listed(host, { location: here }), await listed(host)];
  const { id: vehicle_id } = await vehicleOf(driver);
  await booked(driver, other, window.from, window.to, { vehicle_id });
  const asked = { ...here, vehicle_id, is_covered: true };
  const told = (await explain(space, { ...asked, ...window })).body;
  expect(codes(told.reasons)).toEqual(['is_covered', 'vehicle_busy']);
  expect(codes((await explain(space, asked)).body.reasons)).toEqual(['is_covered']);
  const mine = await vehicleOf(host);
  expect(await explain(space, { ...here, ...window, vehicle_id }, host)).toMatchObject({
    status: 403,
    body: { code: 'vehicle_not_yours' },
  });
  expect(
    codes((await explain(space, { ...here, ...window, vehicle_id: mine.id }, host)).body.reasons),
  ).toEqual(['own_space']);
});

test('whatever is asked, it is one trip', async () => {
  const { id: vehicle_id } = await vehicleOf(driver);
  for (const query of [{}, { q: 'driveway' }]) {
    const lines = await logsOf(async () => {
      const answer = await search({ ...somewhere(), ...window, vehicle_id, ...query });
      expect(answer.body).toEqual({ items: [], next_cursor: null, vehicle_available: true });
    });
    expect(lines.find(line => line.message === 'request')?.trips).toBe(1);
  }
});
