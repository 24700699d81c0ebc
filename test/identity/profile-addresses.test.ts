import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { failNext } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { countTrips } from './accounts.ts';
import { newPerson } from './profile-files.ts';

const ADDRESSES = '/api/v1/users/me/addresses';
const valencia = { street: '1387 Valencia St', city: 'San Francisco', state: 'CA', zip_code: '94110' };
/** The sample of the document of Recovery Machine. */
const mainStreet = { street: '123 Main St', city: 'Los Angeles', state: 'CA', zip_code: '90210' };

test('an address is kept and read back; the first is the default, in the country of the marketplace', async () => {
  const person = await newPerson('recovery', ['customer']);
  const added = await person.post(ADDRESSES, mainStreet);
  expect(added).toMatchObject({
    status: 201,
    body: { ...mainStreet, unit: null, kind: 'home', country: 'US', is_default: true, is_validated: false },
  });
  expect((await person.get(ADDRESSES)).body).toEqual({ items: [added.body], next_cursor: null });
});

test('street and unit are nowhere in the database, nor kept with an idempotency key', async () => {
  const person = await newPerson('handie', ['expert']);
  const street = `${randomUUID()} Street`;
  const options = { headers: { 'idempotency-key': randomUUID() } };
  const body = { street, unit: `Flat ${street}`, city: 'Bengaluru' };
  const first = await person.post(ADDRESSES, body, options);
  expect(first.body.street).toBe(street);
  const found = await asOwner(
    sql`select (select count(*) from identity.addresses a where to_jsonb(a)::text like ${`%${street}%`}::text)
             + (select count(*) from app.idempotency_keys k where to_jsonb(k)::text like ${`%${street}%`}::text) as leaks`,
  );
  expect(found[0].leaks).toBe(0);
  expect((await person.post(ADDRESSES, body, options)).body).toEqual(first.body);
  expect((await person.get(ADDRESSES)).body.items).toHaveLength(1);
});

test('where addresses are validated, the geocoder says where one is, whatever the client says', async () => {
  const person = await newPerson();
  const { body } = await person.post(ADDRESSES, { ...valencia, location: { latitude: 0, longitude: 0 } });
  expect(body.is_validated).toBe(true);
  expect(body.location.latitude).toBeCloseTo(37.77, 1);
  expect(body.location.longitude).toBeCloseTo(-122.42, 1);
});

test.each([
  ['that nobody knows', '1 Nowhere Rd'],
  ['without a house', 'Valencia St'],
])('an address %s is refused where addresses are validated, and kept elsewhere', async (_, street) => {
  const refused = await (await newPerson()).post(ADDRESSES, { ...valencia, street });
  expect(refused).toMatchObject({
    status: 422,
    body: { code: 'address_not_found', errors: [{ field: 'street' }] },
  });
  const kept = await (await newPerson('spacall', ['customer'])).post(ADDRESSES, { ...valencia, street });
  expect(kept.status).toBe(201);
});

test('a geocoder that is busy is asked again, and one that is down answers 503', async () => {
  const person = await newPerson();
  await failNext('geo-places:Geocode', 'ThrottlingException');
  expect(await person.post(ADDRESSES, valencia)).toMatchObject({ status: 201 });
  await failNext('geo-places:Geocode', 'InternalServerException', 3);
  expect(await person.post(ADDRESSES, valencia)).toMatchObject({
    status: 503,
    body: { code: 'unavailable' },
    headers: { 'retry-after': '5' },
  });
});

test('exactly one address is the default, whatever is added, changed and removed', async () => {
  const person = await newPerson('handie', ['customer']);
  const add = async (body = {}) =>
    (await person.post(ADDRESSES, { street: '1 M G Rd', city: 'Mumbai', ...body })).body;
  const defaults = async () =>
    (await person.get(ADDRESSES)).body.items
      .filter((address: { is_default: boolean }) => address.is_default)
      .map((address: { id: string }) => address.id);
  const home = await add({ is_default: false });
  const work = await add({ kind: 'work' });
  expect(await defaults()).toEqual([home.id]);
  const other = await add({ kind: 'other', is_default: true });
  expect(await defaults()).toEqual([other.id]);
  const change = { street: '2 M G Rd', city: 'Mumbai', kind: 'work', is_default: true };
  expect((await person.put(`${ADDRESSES}/${work.id}`, change)).body).toMatchObject(change);
  expect(await defaults()).toEqual([work.id]);
  const undone = await person.put(`${ADDRESSES}/${work.id}`, { ...change, is_default: false });
  expect(undone).toMatchObject({ status: 409, body: { code: 'default_required' } });
  expect((await person.delete(`${ADDRESSES}/${work.id}`)).status).toBe(204);
  expect(await defaults()).toEqual([home.id]);
});

test('of many first addresses at once, one is the default', async () => {
  const person = await newPerson('spacall', ['customer']);
  const body = { street: '1 Ayala Ave', city: 'Manila', is_default: true };
  const answers = await Promise.all([1, 2, 3, 4].map(() => person.post(ADDRESSES, body)));
  expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  const { items } = (await person.get(ADDRESSES)).body;
  expect(items.filter((address: { is_default: boolean }) => address.is_default)).toHaveLength(1);
});

test('a person has twenty addresses at most', async () => {
  const person = await newPerson('handie', ['customer']);
  await asOwner(
    sql`with made as (
          insert into identity.addresses (id, marketplace, user_id, sealed_lines, city, country)
          select app.uuid_v7(), 'handie', ${person.id}::uuid, 'sealed', 'Mumbai', 'IN' from generate_series(1, 20)
          returning 1)
        select count(*) from made`,
  );
  const answer = await person.post(ADDRESSES, { street: '1 M G Rd', city: 'Mumbai' });
  expect(answer).toMatchObject({ status: 409, body: { code: 'too_many_addresses' } });
});

test('nobody else sees, changes or removes an address', async () => {
  const person = await newPerson();
  const { body } = await person.post(ADDRESSES, valencia);
  const path = `${ADDRESSES}/${body.id}`;
  for (const somebody of [await newPerson(), await newPerson('handie', ['expert'])]) {
    expect((await somebody.get(ADDRESSES)).body.items).toEqual([]);
    expect(await somebody.put(path, valencia)).toMatchObject({ status: 404 });
    expect(await somebody.delete(path)).toMatchObject({ status: 404 });
  }
  expect(await anonymous('driveway').get(ADDRESSES)).toMatchObject({ status: 401 });
  expect((await person.get(ADDRESSES)).body.items).toEqual([body]);
});

test.each([
  ['kind', 'castle'],
  ['country', 'India'],
  ['street', ''],
  ['location', { latitude: 95, longitude: 0 }],
])('%s cannot be %j', async (field, value) => {
  const answer = await (await newPerson()).post(ADDRESSES, { ...valencia, [field]: value });
  expect(answer.status).toBe(400);
  expect(answer.body.errors[0].field).toMatch(new RegExp(`^${field}`));
});

test('each of the routes costs one trip', async () => {
  const person = await newPerson();
  const { body } = await person.post(ADDRESSES, valencia);
  const path = `${ADDRESSES}/${body.id}`;
  expect(await countTrips(() => person.post(ADDRESSES, valencia))).toEqual([1]);
  expect(await countTrips(() => person.put(path, valencia))).toEqual([1]);
  expect(await countTrips(() => person.get(ADDRESSES))).toEqual([1]);
  expect(await countTrips(() => person.delete(path))).toEqual([1]);
});
