import { expect, test } from 'vitest';
import { anonymous, Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { countTrips, newAccount } from './accounts.ts';

const ME = '/api/v1/users/me';

test('a person sees their own account and nothing that is secret', async () => {
  const { user, access_token } = await newAccount();
  const answer = await new Client('driveway', access_token).get(ME);
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject(user);
  expect(Object.keys(answer.body)).not.toContain('password_hash');
  expect(answer.text).not.toMatch(/sealed|hash|secret/);
});

test('the answer is kept by nobody else and is not sent twice', async () => {
  const { access_token } = await newAccount();
  const person = new Client('driveway', access_token);
  const { headers } = await person.get(ME);
  expect(headers).toMatchObject({ 'cache-control': 'private, max-age=0', vary: 'Authorization' });
  const again = await person.get(ME, { headers: { 'if-none-match': String(headers.etag) } });
  expect([again.status, again.text]).toEqual([304, '']);
  await person.put(ME, { full_name: 'Asha R. Rao' });
  expect((await person.get(ME, { headers: { 'if-none-match': String(headers.etag) } })).status).toBe(200);
});

test('it costs one trip', async () => {
  const { access_token } = await newAccount();
  expect(await countTrips(() => new Client('driveway', access_token).get(ME))).toEqual([1]);
});

test('without a token, with a forged one, an old one, or that of another marketplace there is nothing to see', async () => {
  const { access_token } = await newAccount();
  const [header, , signature] = access_token.split('.');
  const claims = Buffer.from(JSON.stringify({ sub: 'somebody', sid: 'else' })).toString('base64url');
  expect((await anonymous('driveway').get(ME)).headers['www-authenticate']).toBe('Bearer');
  const forged = await new Client('driveway', `${header}.${claims}.${signature}`).get(ME);
  expect(forged.body).toMatchObject({ status: 401, code: 'invalid_token' });
  expect((await new Client('handie', access_token).get(ME)).body.code).toBe('invalid_token');
  advanceClock(901);
  expect((await new Client('driveway', access_token).get(ME)).body.code).toBe('invalid_token');
});
