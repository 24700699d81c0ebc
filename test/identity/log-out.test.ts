import { expect, test } from 'vitest';
import { anonymous, Client } from '../support/client.ts';
import { audited, auth, countTrips, newAccount, PASSWORD } from './accounts.ts';

const LOGOUT = '/api/v1/auth/logout';
const me = (token: string) => new Client('driveway', token).get('/api/v1/users/me');

test('signing out ends the session at once: neither of its tokens serves any more', async () => {
  const { user, access_token, refresh_token } = await newAccount();
  const answer = await new Client('driveway', access_token).post(LOGOUT);
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect((await me(access_token)).body).toMatchObject({ status: 401, code: 'session_ended' });
  expect((await auth('refresh', { refresh_token })).body.code).toBe('invalid_refresh_token');
  expect(await audited(user.id)).toEqual(['auth.signed_up', 'auth.signed_out']);
});

test('other sessions of the person and of others go on', async () => {
  const first = await newAccount();
  const { body: second } = await auth('login', { email: first.user.email, password: PASSWORD });
  const bystander = await newAccount();
  await new Client('driveway', first.access_token).post(LOGOUT);
  expect((await me(second.access_token)).status).toBe(200);
  expect((await me(bystander.access_token)).status).toBe(200);
});

test('signing out costs one trip', async () => {
  const { access_token } = await newAccount();
  expect(await countTrips(() => new Client('driveway', access_token).post(LOGOUT))).toEqual([1]);
});

test('nobody signs out without a session, or with the token of another marketplace', async () => {
  const { access_token } = await newAccount();
  expect((await anonymous('driveway').post(LOGOUT)).body.code).toBe('unauthenticated');
  expect((await new Client('handie', access_token).post(LOGOUT)).body.code).toBe('invalid_token');
  expect((await me(access_token)).status).toBe(200);
});
