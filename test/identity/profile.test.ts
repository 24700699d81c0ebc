import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous, Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { countTrips, newAccount, newPhone } from './accounts.ts';
import { jpeg, newPerson, pdf, upload } from './profile-files.ts';

const ME = '/api/v1/users/me';

test('a new profile has the defaults of the documents', async () => {
  const person = await signUp('spacall', { roles: ['customer'], full_name: 'Maria Clara de los Santos' });
  expect((await person.get(ME)).body).toMatchObject({
    first_name: 'Maria',
    last_name: 'Clara de los Santos',
    date_of_birth: null,
    gender: null,
    profile_photo_url: null,
    preferred_language: 'en',
    notification_preferences: {},
    onboarding_completed: false,
    contact_visibility: 'visible',
  });
});

test('a name of one word has no last name', async () => {
  const person = await signUp('driveway', { roles: ['host'], full_name: 'Suharto' });
  expect((await person.get(ME)).body).toMatchObject({ first_name: 'Suharto', last_name: null });
});

test('a person changes each fact, and takes back those that may be empty; what is left out stays', async () => {
  const person = await newPerson();
  const facts = {
    date_of_birth: '1994-03-21',
    gender: 'prefer_not_to_say',
    notification_preferences: { email: { promotions: true }, sms: { bookings: false } },
    contact_visibility: 'hidden',
  };
  expect((await person.put(ME, facts)).body).toMatchObject(facts);
  expect((await person.put(ME, { gender: 'other' })).body).toMatchObject({ ...facts, gender: 'other' });
  const emptied = await person.put(ME, { date_of_birth: null, gender: null });
  expect(emptied.body).toMatchObject({ date_of_birth: null, gender: null, contact_visibility: 'hidden' });
  expect((await person.get(ME)).body).toEqual(emptied.body);
});

test.each([
  ['gender', 'x', 400],
  ['date_of_birth', '1994-02-30', 400],
  ['date_of_birth', '0000-01-01', 400],
  ['date_of_birth', '2994-02-20', 422],
  ['date_of_birth', '1899-12-31', 422],
  ['notification_preferences', { pigeon: { bookings: true } }, 400],
  ['notification_preferences', { email: { bookings: 'yes' } }, 400],
  ['contact_visibility', 'friends', 400],
  ['profile_photo_id', randomUUID(), 422],
])('%s cannot be %j', async (field, value, status) => {
  const answer = await (await newPerson()).put(ME, { [field]: value });
  expect(answer.status).toBe(status);
  expect(answer.body.errors[0].field).toMatch(new RegExp(`^${field}`));
});

test('a photo that was uploaded is shown to its owner and to others by a URL', async () => {
  const person = await newPerson();
  const { id } = (await upload(person, jpeg())).body;
  const changed = await person.put(ME, { profile_photo_id: id });
  expect(changed.body.profile_photo_id).toBe(id);
  expect(Buffer.from(await (await fetch(changed.body.profile_photo_url)).arrayBuffer())).toEqual(jpeg());
  const stranger = await newPerson();
  const seen = (await stranger.get(`/api/v1/users/${person.id}`)).body;
  expect((await fetch(seen.profile_photo_url)).status).toBe(200);
  const removed = await person.put(ME, { profile_photo_id: null });
  expect(removed.body.profile_photo_url).toBeNull();
});

test("neither a document nor another person's photo becomes a profile photo", async () => {
  const person = await newPerson();
  const document = await upload(person, pdf(), { purpose: 'document', content_type: 'application/pdf' });
  const photo = await upload(await newPerson(), jpeg());
  for (const { body } of [document, photo]) {
    const answer = await person.put(ME, { profile_photo_id: body.id });
    expect(answer).toMatchObject({ status: 422, body: { code: 'upload_not_usable' } });
  }
});

test('a replayed change answers as the first, with the phone number opened', async () => {
  const phone = newPhone();
  const { access_token } = await newAccount({ phone });
  const person = new Client('driveway', access_token);
  const options = { headers: { 'idempotency-key': randomUUID() } };
  const first = await person.put(ME, { gender: 'female' }, options);
  expect(first.body.phone).toBe(phone);
  expect((await person.put(ME, { gender: 'female' }, options)).body).toEqual(first.body);
});

test('others see limited facts and no way to reach the person', async () => {
  const { user } = await newAccount({ phone: newPhone(), full_name: 'Asha Rao' });
  const stranger = await newPerson();
  const answer = await stranger.get(`/api/v1/users/${user.id}`);
  expect(answer.status).toBe(200);
  expect(Object.keys(answer.body).sort()).toEqual([
    'badges',
    'first_name',
    'id',
    'member_since',
    'profile_photo_url',
  ]);
  expect(answer.body).toMatchObject({ id: user.id, first_name: 'Asha', member_since: user.created_at });
  expect(answer.text).not.toContain('Rao');
});

test('nobody sees a person of another marketplace, a suspended one, or one without a session', async () => {
  const { user } = await newAccount();
  const path = `/api/v1/users/${user.id}`;
  expect(await (await newPerson('handie', ['expert'])).get(path)).toMatchObject({ status: 404 });
  expect(await anonymous('driveway').get(path)).toMatchObject({ status: 401 });
  await asOwner(
    sql`update identity.users set account_status = 'suspended' where id = ${user.id}::uuid returning id`,
  );
  expect(await (await newPerson()).get(path)).toMatchObject({ status: 404 });
});

test('an unknown id is not found, and me is no id of anybody', async () => {
  const person = await newPerson('homigo', ['tenant']);
  expect(await person.get(`/api/v1/users/${randomUUID()}`)).toMatchObject({ status: 404 });
  expect(await person.get('/api/v1/users/you')).toMatchObject({ status: 404 });
  expect((await person.get(ME)).body.id).toBe(person.id);
});

test('each of the routes costs one trip', async () => {
  const person = await newPerson();
  expect(await countTrips(() => person.get(ME))).toEqual([1]);
  expect(await countTrips(() => person.put(ME, { gender: 'male' }))).toEqual([1]);
  expect(await countTrips(() => person.get(`/api/v1/users/${person.id}`))).toEqual([1]);
});
