import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { countTrips } from '../identity/accounts.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { again } from '../parking/spaces.ts';
import { anonymous, type Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpWithPassword } from '../support/people.ts';
import { completed, placed, reviewed } from './completed.ts';

const STARS = [5, 4, 5, 1, 3];

let owner: Person;
let customer: Person;
let space: string;
let written: string[];
beforeAll(async () => {
  owner = await signUp('handie', { roles: ['customer'] });
  customer = await signUp('handie', { roles: ['customer'], full_name: 'Meera Iyer' });
  space = randomUUID();
  written = [];
  for (const rating of STARS)
    written.unshift((await reviewed(customer, await completed(customer, owner, space), { rating })).id);
});

const ids = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);

/** Every page of a list, two items at a time. */
async function walk(client: Client, path: string): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await client.get(`${path}limit=2${cursor && `&cursor=${cursor}`}`);
    found.push(...ids(body));
    cursor = body.next_cursor;
  }
  return found;
}

test('visitors read what customers say of a space, newest first, page by page', async () => {
  expect(await walk(anonymous('handie'), `/api/v1/resources/${space}/reviews?`)).toEqual(written);
});

test('reviews of one moment lose nobody between pages', async () => {
  const place = randomUUID();
  advanceClock(0);
  const expected: string[] = [];
  const person = await again(customer);
  for (let n = 0; n < 5; n += 1)
    expected.push((await reviewed(person, await completed(customer, owner, place))).id);
  const found = await walk(anonymous('handie'), `/api/v1/resources/${place}/reviews?`);
  expect(found.toSorted()).toEqual(expected.toSorted());
});

test('a visitor learns a writer’s first name and nothing else of the person', async () => {
  const { text, body } = await anonymous('handie').get(`/api/v1/resources/${space}/reviews`);
  expect(body.items[0]).toMatchObject({ reviewer_name: 'Meera' });
  for (const secret of [customer.id, customer.email, 'Iyer', 'booking_id', owner.id])
    expect(text).not.toContain(secret);
});

test('what somebody wrote who has deleted the account stays, without a name', async () => {
  const leaver = await signUpWithPassword('handie', { roles: ['customer'] });
  const place = randomUUID();
  await reviewed(leaver, await completed(leaver, owner, place), { review_text: 'Farewell.' });
  await leaver.send('DELETE', '/api/v1/users/me', { password: leaver.password });
  const { body } = await anonymous('handie').get(`/api/v1/resources/${place}/reviews`);
  expect(body.items).toMatchObject([{ reviewer_name: null, review_text: 'Farewell.' }]);
});

test('they are filtered by stars, and by having pictures', async () => {
  const path = `/api/v1/resources/${space}/reviews`;
  const of = async (query: string) => (await anonymous('handie').get(`${path}?${query}`)).body;
  expect((await of('rating=5')).items.map((item: { rating: number }) => item.rating)).toEqual([5, 5]);
  expect((await of('rating=2')).items).toEqual([]);
  const place = randomUUID();
  const photo = (await upload(customer, jpeg(), { purpose: 'review_photo' })).body.id;
  const shown = await reviewed(customer, await completed(customer, owner, place), { photo_ids: [photo] });
  await reviewed(customer, await completed(customer, owner, place));
  const pictured = await anonymous('handie').get(`/api/v1/resources/${place}/reviews?has_photos=true`);
  expect(ids(pictured.body)).toEqual([shown.id]);
});

test('a space is rated by the mean of its stars', async () => {
  const { body } = await anonymous('handie').get(`/api/v1/resources/${space}/rating`);
  expect(body).toEqual({ rating: 3.6, review_count: 5, counts: [1, 0, 1, 1, 2] });
});

test('a person is rated in each role by the other side', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const booking = await completed(driver, host);
  await reviewed(driver, booking, { rating: 2 });
  await reviewed(host, booking, { rating: 5 });
  const nothing = { rating: null, review_count: 0, counts: [0, 0, 0, 0, 0] };
  expect((await driver.get(`/api/v1/users/${host.id}/rating`)).body).toEqual({
    as_provider: { rating: 2, review_count: 1, counts: [0, 1, 0, 0, 0] },
    as_customer: nothing,
  });
  expect((await host.get(`/api/v1/users/${driver.id}/rating`)).body).toEqual({
    as_provider: nothing,
    as_customer: { rating: 5, review_count: 1, counts: [0, 0, 0, 0, 1] },
  });
  const of = async (person: Person, role: string) =>
    (await host.get(`/api/v1/users/${person.id}/reviews?role=${role}`)).body.items;
  expect(await of(host, 'provider')).toMatchObject([{ rating: 2 }]);
  expect(await of(host, 'customer')).toEqual([]);
  expect(await of(driver, 'customer')).toMatchObject([{ rating: 5 }]);
});

test('reviews of a person are read page by page', async () => {
  expect(await walk(customer, `/api/v1/users/${owner.id}/reviews?`)).toEqual(expect.arrayContaining(written));
});

test('what is not there is not found', async () => {
  const nobody = randomUUID();
  for (const path of [`resources/${nobody}/reviews`, `resources/${nobody}/rating`])
    expect((await anonymous('handie').get(`/api/v1/${path}`)).status).toBe(404);
  for (const path of [`users/${nobody}/reviews`, `users/${nobody}/rating`, `bookings/${nobody}/reviews`])
    expect((await customer.get(`/api/v1/${path}`)).status).toBe(404);
});

test('another marketplace sees nothing', async () => {
  const foreigner = await signUp('driveway', { roles: ['driver'] });
  for (const path of [`resources/${space}/reviews`, `resources/${space}/rating`, `users/${owner.id}/reviews`])
    expect((await foreigner.get(`/api/v1/${path}`)).status).toBe(404);
});

test('everybody finds what they have written, and what was written of them', async () => {
  expect((await walk(customer, '/api/v1/users/me/reviews?direction=written&')).slice(-5)).toEqual(written);
  expect(await walk(owner, '/api/v1/users/me/reviews?')).toEqual(expect.arrayContaining(written));
  expect((await owner.get('/api/v1/users/me/reviews?direction=written')).body.items).toEqual([]);
});

test('bookings that wait for a review are listed until it is written or too late', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const due = async (person: Person) =>
    (await person.get('/api/v1/users/me/reviews/due')).body.items.map(
      (item: { booking_id: string; review_type: string }) => [item.booking_id, item.review_type],
    );
  await placed(driver, host);
  const first = await completed(driver, host);
  advanceClock(60);
  const second = await completed(driver, host);
  const one = [first.id, 'driver_to_host'];
  expect(await due(driver)).toEqual([one, [second.id, 'driver_to_host']]);
  await reviewed(driver, second);
  expect(await due(driver)).toEqual([one]);
  expect(await due(host)).toEqual([
    [first.id, 'host_to_driver'],
    [second.id, 'host_to_driver'],
  ]);
  advanceClock(7 * 86_400);
  expect(await due(await again(driver))).toEqual([]);
});

test('a side that writes nothing has nothing due', async () => {
  await completed(customer, owner);
  expect((await owner.get('/api/v1/users/me/reviews/due')).body.items).toEqual([]);
});

test('each list costs one trip', async () => {
  const paths = [
    `/api/v1/resources/${space}/reviews`,
    `/api/v1/resources/${space}/rating`,
    `/api/v1/users/${owner.id}/reviews`,
    `/api/v1/users/${owner.id}/rating`,
    '/api/v1/users/me/reviews',
    '/api/v1/users/me/reviews/due',
    '/api/v1/reviews/featured',
  ];
  for (const path of paths) expect(await countTrips(() => customer.get(path)), path).toEqual([1]);
});

test.each([
  ['reviews', 'booking_id'],
  ['reviews', 'resource_id'],
  ['reviews', 'reviewer_id'],
  ['reviews', 'reviewee_id'],
  ['reviews', 'rating'],
])('an index of %s leads with %s', async (table, column) => {
  const rows = await asOwner(
    sql`select indexdef from pg_indexes
        where schemaname = 'reviews' and tablename = ${table}::text
          and indexdef ~ ('[(]' || ${column}::text || '[,)]')`,
  );
  expect(rows.length).toBeGreaterThan(0);
});
