import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { countTrips } from './accounts.ts';
import { newPerson } from './profile-files.ts';

const TENANT = '/api/v1/users/me/tenant-profile';
const HOST = '/api/v1/users/me/host-profile';
const tenant = () => newPerson('homigo', ['tenant']);
const host = () => newPerson('homigo', ['host']);

const wholeTenant = {
  about: 'Quiet, cooks on Sundays.',
  occupation: 'Software engineer',
  employer: 'Infosys',
  food_preference: 'vegetarian',
  smoking: 'never',
  drinking: 'socially',
  pets: 'none',
  sleep_schedule: 'early',
  guests: 'rarely',
  languages: ['Hindi', 'Kannada'],
};
const wholeCompany = {
  host_category: 'company',
  about: 'Homes since 1998.',
  business_name: 'Rao Homes',
  business_registration: 'PRM/KA/RERA/1251',
  business_city: 'Bengaluru',
  website: 'https://rao.example.com',
  years_of_experience: 6,
  languages: ['Hindi'],
};

test('a tenant profile is made once, and its completeness follows what is filled', async () => {
  const person = await tenant();
  expect(await person.get(TENANT)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(await person.put(TENANT, { about: 'x' })).toMatchObject({ status: 404 });
  const made = await person.post(TENANT, {});
  expect(made).toMatchObject({ status: 201, body: { profile_completeness: 0, occupation: null } });
  expect(await person.post(TENANT, {})).toMatchObject({ status: 409, body: { code: 'profile_exists' } });
  const half = await person.put(TENANT, { occupation: 'Nurse', languages: ['Hindi'] });
  expect(half.body).toMatchObject({ occupation: 'Nurse', languages: ['Hindi'], profile_completeness: 20 });
  const whole = await person.put(TENANT, wholeTenant);
  expect(whole.body).toMatchObject({ ...wholeTenant, profile_completeness: 100 });
  const less = await person.put(TENANT, { employer: null });
  expect(less.body).toMatchObject({ occupation: 'Software engineer', profile_completeness: 90 });
  expect((await person.get(TENANT)).body).toEqual(less.body);
});

test('the completeness of a host counts the business of those who have one', async () => {
  const owner = await host();
  const made = await owner.post(HOST, { host_category: 'owner', about: 'x', languages: ['Hindi'] });
  expect(made).toMatchObject({ status: 201, body: { profile_completeness: 75, avg_rating: null } });
  expect((await owner.put(HOST, { years_of_experience: 0 })).body.profile_completeness).toBe(100);
  expect(await owner.post(HOST, { host_category: 'owner' })).toMatchObject({
    status: 409,
    body: { code: 'profile_exists' },
  });
  const company = await host();
  expect((await company.post(HOST, wholeCompany)).body).toMatchObject({
    ...wholeCompany,
    profile_completeness: 100,
  });
  expect((await company.get(HOST)).body.host_category).toBe('company');
});

test('each kind of host is taken, another is refused, and a broker has a business name', async () => {
  for (const host_category of ['owner', 'broker', 'company']) {
    const answer = await (await host()).post(HOST, { host_category, business_name: 'Rao' });
    expect(answer.status).toBe(201);
  }
  const unknown = await (await host()).post(HOST, { host_category: 'agent' });
  expect(unknown).toMatchObject({ status: 400, body: { errors: [{ field: 'host_category' }] } });
  const nameless = await (await host()).post(HOST, { host_category: 'broker' });
  expect(nameless).toMatchObject({
    status: 422,
    body: { code: 'business_name_required', errors: [{ field: 'business_name' }] },
  });
  const owner = await host();
  await owner.post(HOST, { host_category: 'owner' });
  expect(await owner.put(HOST, { host_category: 'company' })).toMatchObject({ status: 422 });
});

test('a tenant has no host profile and a host no tenant profile; who is both has both', async () => {
  const [seeker, owner, both] = [await tenant(), await host(), await newPerson('homigo', ['tenant', 'host'])];
  const category = { host_category: 'owner' };
  expect(await seeker.post(HOST, category)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect(await seeker.put(HOST, category)).toMatchObject({ status: 403 });
  expect(await owner.post(TENANT, {})).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  expect(await owner.get(TENANT)).toMatchObject({ status: 403 });
  expect(await both.post(TENANT, {})).toMatchObject({ status: 201 });
  expect(await both.post(HOST, category)).toMatchObject({ status: 201 });
});

test('of two first profiles at once, one is made', async () => {
  const person = await tenant();
  const answers = await Promise.all([person.post(TENANT, {}), person.post(TENANT, {})]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test('a replayed creation answers as the first', async () => {
  const person = await tenant();
  const options = { headers: { 'idempotency-key': randomUUID() } };
  const first = await person.post(TENANT, wholeTenant, options);
  expect(await person.post(TENANT, wholeTenant, options)).toMatchObject({ status: 201, body: first.body });
});

test('a profile is its own person’s, and nobody else’s is changed', async () => {
  const [person, bystander] = [await tenant(), await tenant()];
  const other = (await bystander.post(TENANT, { about: 'Mine.' })).body;
  await person.post(TENANT, wholeTenant);
  await person.put(TENANT, { about: 'Changed.' });
  expect((await bystander.get(TENANT)).body).toEqual(other);
});

test('the database takes no completeness from anybody', async () => {
  const person = await tenant();
  await person.post(TENANT, {});
  await expect(
    asOwner(
      sql`update identity.tenant_profiles set profile_completeness = 101 where user_id = ${person.id}::uuid returning 1`,
    ),
  ).rejects.toThrow('428C9');
});

test.each([
  [TENANT, 'food_preference', 'everything'],
  [TENANT, 'languages', []],
  [TENANT, 'profile_completeness', 101],
  [HOST, 'website', 'javascript:alert(1)'],
  [HOST, 'years_of_experience', 81],
  [HOST, 'avg_rating', 5],
])('%s does not take %s = %j', async (path, field, value) => {
  const person = await newPerson('homigo', ['tenant', 'host']);
  const answer = await person.post(path, {
    ...(path === HOST ? { host_category: 'owner' } : {}),
    [field]: value,
  });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toContainEqual(expect.objectContaining({ field }));
});

test('each of the routes costs one trip', async () => {
  const person = await tenant();
  expect(await countTrips(() => person.post(TENANT, {}))).toEqual([1]);
  expect(await countTrips(() => person.put(TENANT, wholeTenant))).toEqual([1]);
  expect(await countTrips(() => person.get(TENANT))).toEqual([1]);
});
