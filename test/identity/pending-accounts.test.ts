import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { isOwnAccount } from '../../lambdas/kernel/use-case.ts';
import { ofKind } from '../../lib/catalogue.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { exampleRequest } from '../support/examples.ts';
import { entries } from '../support/invoke.ts';
import { randomNumber, signUp, signUpStaff } from '../support/people.ts';
import { auth, codeSentTo, newAccount, newEmail, PASSWORD } from './accounts.ts';

const homigo = (details: Record<string, unknown> = {}) =>
  newAccount({ roles: ['tenant'], ...details }, 'homigo');
const context = { marketplace: 'homigo' };
const ME = '/api/v1/users/me';
const USERS = '/api/v1/admin/users';

const statusOf = async (id: string) =>
  (await asOwner(sql`select account_status, standing_before from identity.users where id = ${id}::uuid`))[0];

/** Every route that is not about the caller's own account: a new one is covered without being remembered. */
const beyond = ofKind(await entries(), 'http')
  .map(({ contract }) => ({ route: `${contract.method} ${contract.path}`, contract }))
  .filter(({ contract }) => contract.access.kind !== 'everyone' && !isOwnAccount(contract))
  .filter(({ contract }) => !contract.module || marketplaceOf('homigo')?.modules.includes(contract.module));

test('where the phone number must be proven, an account waits for it, and is active with the code', async () => {
  const phone = randomNumber('homigo');
  const { user, access_token } = await homigo({ phone });
  expect(user).toMatchObject({ phone, account_status: 'pending', phone_verified_at: null });
  expect((await new Client('homigo', access_token).get(ME)).status).toBe(200);
  await auth('request-otp', { phone }, context);
  const verified = await auth('verify-otp', { phone, code: await codeSentTo(phone) }, context);
  expect(verified.body.user).toMatchObject({ id: user.id, account_status: 'active' });
});

test('the second contact is proven in a session of the account, by a code like the first', async () => {
  const contacts = { phone: randomNumber('homigo'), email: newEmail() };
  const { user } = await homigo(contacts);
  await auth('request-otp', { phone: contacts.phone }, context);
  const first = await auth(
    'verify-otp',
    { phone: contacts.phone, code: await codeSentTo(contacts.phone) },
    context,
  );
  advanceClock(31);
  await auth('request-otp', { email: contacts.email }, context);
  const code = await codeSentTo(contacts.email);
  const headers = { authorization: `Bearer ${first.body.access_token}` };
  const second = await auth('verify-otp', { email: contacts.email, code }, { ...context, headers });
  expect(second.body.user).toMatchObject({ id: user.id, account_status: 'active' });
  const mine = await new Client('homigo', first.body.access_token).get(`${ME}/verification`);
  expect(mine.body.badges).toEqual(['Phone Verified', 'Email Verified']);
  const login = await auth('login', { email: contacts.email, password: PASSWORD }, context);
  expect(login.body.code, 'the first proof from outside took the password').toBe('invalid_credentials');
});

test('elsewhere an account is active at once', async () => {
  expect((await newAccount()).user.account_status).toBe('active');
});

test('somebody whose account waits fills in what is their own, and is shown to nobody until it is active', async () => {
  const { user, access_token } = await homigo();
  const viewer = await signUp('homigo', { roles: ['tenant'] });
  const look = () => viewer.get(`/api/v1/users/${user.id}`);
  const waiting = new Client('homigo', access_token);
  expect((await waiting.put(ME, { full_name: 'Ravi Rao' })).body.full_name).toBe('Ravi Rao');
  expect((await waiting.post(`${ME}/tenant-profile`, { occupation: 'Baker' })).status).toBe(201);
  expect((await look()).status).toBe(404);
  const staff = await signUpStaff('homigo', 'moderator');
  await staff.post(`${USERS}/${user.id}/restore`);
  expect((await look()).status).toBe(200);
});

describe.each(beyond)('$route', ({ contract }) => {
  test('is closed to an account that waits, by session and by personal token', async () => {
    const { access_token } = await waitingTenant();
    const { path, query, body } = exampleRequest(contract);
    const send = (client: Client) => client.send(contract.method, query ? `${path}?${query}` : path, body);
    const refusal = { status: 403, body: { code: 'account_pending' } };
    expect(await send(new Client('homigo', access_token))).toMatchObject(refusal);
    // What takes a person takes no token, whoever's.
    const ofToken = contract.presence ? { status: 403, body: { code: 'session_required' } } : refusal;
    if (!contract.credentials) expect(await send(await tokenOfWaiting())).toMatchObject(ofToken);
  });
});

let tenant: Promise<{ access_token: string }> | undefined;
function waitingTenant() {
  tenant ??= homigo();
  return tenant;
}

let token: Promise<Client> | undefined;
function tokenOfWaiting(): Promise<Client> {
  token ??= waitingTenant().then(async ({ access_token }) => {
    const made = { name: 'script', abilities: ['*'], password: PASSWORD };
    const { body } = await new Client('homigo', access_token).post(`${ME}/tokens`, made);
    return new Client('homigo', body.token);
  });
  return token;
}

test('a suspension that ends brings back no more than there was: who waited waits on', async () => {
  const staff = await signUpStaff('homigo', 'moderator');
  const { user, access_token } = await homigo();
  const person = new Client('homigo', access_token);
  const until = new Date(Date.now() + 3_600_000).toISOString();
  await staff.post(`${USERS}/${user.id}/suspend`, { reason: 'Late.', until });
  expect(await statusOf(user.id)).toEqual({ account_status: 'suspended', standing_before: 'pending' });
  advanceClock(700);
  const restored = await staff.post(`${USERS}/${user.id}/restore`);
  expect(restored.body).toMatchObject({ account_status: 'pending', reason: null, until: null });
  await staff.post(`${USERS}/${user.id}/suspend`, { reason: 'Late.', until });
  advanceClock(3_000);
  const again = await auth('login', { email: user.email, password: PASSWORD }, context);
  expect(again.body.user.account_status).toBe('pending');
  expect((await person.get(`/api/v1/users/${user.id}`)).status).toBe(401);
  const client = new Client('homigo', again.body.access_token);
  expect((await client.get(`/api/v1/users/${user.id}`)).body.code).toBe('account_pending');
});

test('a suspension that is over but was not noticed yet does not let in whoever waited', async () => {
  const { user, access_token } = await homigo();
  await asOwner(
    sql`update identity.users set account_status = 'suspended', suspended_until = app.now() - interval '1 second'
        where id = ${user.id}::uuid returning id`,
  );
  const person = new Client('homigo', access_token);
  expect((await person.get(ME)).status).toBe(200);
  expect((await person.get(`/api/v1/users/${user.id}`)).body.code).toBe('account_pending');
});
