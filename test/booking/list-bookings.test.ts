import { beforeAll, expect, test } from 'vitest';
import { booked, inHours, listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { type Person, signUp } from '../support/people.ts';

const PATH = '/api/v1/bookings';
let host: Person;
let driver: Person;
let bookings: { id: string; resource_id: string; starts_at: string; ends_at: string }[];
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host', 'driver'] });
  driver = await signUp('driveway', { roles: ['driver', 'host'] });
  const space = await listed(host);
  const back = await listed(driver);
  bookings = [];
  for (const hours of [24, 26, 28])
    bookings.unshift(await booked(driver, space, inHours(hours), inHours(hours + 1)));
  bookings.unshift(await booked(host, back, inHours(24), inHours(25)));
});

const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(item => item.id);
const all = () => bookings.map(booking => booking.id);

test('both parties see their bookings, newest first, whichever side they were on', async () => {
  expect(ids(await driver.get(PATH))).toEqual(all());
  expect(ids(await host.get(PATH))).toEqual(all());
});

test('a role and a status narrow the list', async () => {
  expect(ids(await driver.get(`${PATH}?role=customer`))).toEqual(all().slice(1));
  expect(ids(await driver.get(`${PATH}?role=provider`))).toEqual(all().slice(0, 1));
  expect(ids(await driver.get(`${PATH}?status=confirmed`))).toEqual(all());
  expect(ids(await driver.get(`${PATH}?status=cancelled`))).toEqual([]);
});

test('a resource narrows the list to its bookings, for its owner and for who has booked it', async () => {
  const [back, ...rest] = bookings;
  for (const person of [host, driver]) {
    expect(ids(await person.get(`${PATH}?resource_id=${back?.resource_id}`))).toEqual([back?.id]);
    const own = `${PATH}?resource_id=${rest[0]?.resource_id}&limit=2`;
    expect(ids(await person.get(own))).toEqual(rest.slice(0, 2).map(({ id }) => id));
  }
  const stranger = await signUp('driveway', { roles: ['host'] });
  expect(ids(await stranger.get(`${PATH}?resource_id=${back?.resource_id}`))).toEqual([]);
});

test('a time narrows the list to what takes place in it, its ends left out', async () => {
  const [first, second, third] = [...bookings.slice(1)].reverse().map(booking => booking.id);
  const between = async (from: string | undefined, to: string | undefined) => {
    const query = new URLSearchParams({ role: 'customer', ...(from ? { from } : {}), ...(to ? { to } : {}) });
    return ids(await driver.get(`${PATH}?${query}`));
  };
  const { starts_at = '', ends_at = '' } = bookings.find(booking => booking.id === second) ?? {};
  expect(await between(starts_at, ends_at)).toEqual([second]);
  expect(await between(starts_at, undefined)).toEqual([third, second]);
  expect(await between(undefined, ends_at)).toEqual([second, first]);
  expect(await between(ends_at, undefined)).toEqual([third]);
});

test('pages follow each other without a gap or a double', async () => {
  const first = await driver.get(`${PATH}?limit=3`);
  expect(ids(first)).toEqual(all().slice(0, 3));
  const second = await driver.get(`${PATH}?limit=3&cursor=${first.body.next_cursor}`);
  expect(ids(second)).toEqual(all().slice(3));
  expect(second.body.next_cursor).toBeNull();
});

test('somebody else and another marketplace see nothing', async () => {
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect(ids(await stranger.get(PATH))).toEqual([]);
  const foreigner = await signUp('homigo', { roles: ['tenant'] });
  expect(ids(await foreigner.get(PATH))).toEqual([]);
  expect((await anonymous('driveway').get(PATH)).status).toBe(401);
});

test.each(['limit=0', 'limit=101', 'role=host', 'cursor=forged', 'colour=red'])(
  'the query %s is refused',
  async query => {
    const answer = await driver.get(`${PATH}?${query}`);
    expect(answer.status).toBe(400);
    expect(answer.body.errors[0].field).toBe(query.split('=')[0]);
  },
);
