import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous, Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { countTrips, newAccount } from './accounts.ts';

const ME = '/api/v1/users/me';

test('a person changes name and language; what is left out stays, and nobody else is touched', async () => {
  const { user, access_token } = await newAccount();
  const bystander = await newAccount();
  const person = new Client('driveway', access_token);
  expect((await person.put(ME, { full_name: 'Asha R. Rao' })).body).toMatchObject({
    ...user,
    full_name: 'Asha R. Rao',
  });
  const changed = await person.put(ME, { preferred_language: 'fr' });
  expect(changed.body).toMatchObject({ full_name: 'Asha R. Rao', preferred_language: 'fr' });
  const other = await new Client('driveway', bystander.access_token).get(ME);
  expect(other.body).toMatchObject(bystander.user);
});

test('updated_at advances by itself', async () => {
  const { user, access_token } = await newAccount();
  const updatedAt = async () =>
    (await asOwner(sql`select updated_at from identity.users where id = ${user.id}::uuid`))[0].updated_at;
  const before = await updatedAt();
  await new Client('driveway', access_token).put(ME, { full_name: 'Asha' });
  expect(Date.parse(await updatedAt())).toBeGreaterThan(Date.parse(before));
});

test('it costs one trip', async () => {
  const { access_token } = await newAccount();
  expect(await countTrips(() => new Client('driveway', access_token).put(ME, { full_name: 'A' }))).toEqual([
    1,
  ]);
});

test.each([
  ['roles', ['admin']],
  ['account_status', 'active'],
  ['email_verified_at', '2026-01-01T00:00:00Z'],
  ['id', '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e'],
  ['full_name', ''],
  ['preferred_language', 'Klingon!'],
])('%s cannot be set to %j', async (field, value) => {
  const { access_token } = await newAccount();
  const answer = await new Client('driveway', access_token).put(ME, { [field]: value });
  expect(answer.body).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field }] });
});

test('without a session nothing is changed', async () => {
  expect((await anonymous('driveway').put(ME, { full_name: 'x' })).body.code).toBe('unauthenticated');
});
