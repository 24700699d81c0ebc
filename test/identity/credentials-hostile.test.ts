import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { appointByDataApi } from '../../scripts/create-admin/appoint-by-data-api.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { signUpWithPassword } from '../support/people.ts';
import {
  appCode,
  auth,
  codeSentTo,
  newAccount,
  newAddress,
  newEmail,
  newPhone,
  PASSWORD,
} from './accounts.ts';

const TWO_FACTOR = '/api/v1/auth/two-factor';
const prove = (id: string) =>
  asOwner(
    sql`update identity.users set email_verified_at = case when email is not null then app.now() end,
          phone_verified_at = case when phone_hash is not null then app.now() end
        where id = ${id}::uuid returning id`,
  );

/** Sets a new password by a code, as somebody does who fears for the account. */
async function resetPassword(email: string, password = 'seventeen purple lanterns'): Promise<string> {
  await auth('reset-password/request', { email });
  const answer = await auth('reset-password', { email, code: await codeSentTo(email), password });
  if (answer.status !== 204) throw new Error(`The reset answered ${answer.text}`);
  return password;
}

test('a second factor that is confirmed or switched off by a code gives no guess at the password back', async () => {
  const victim = await signUpWithPassword('driveway', { roles: ['host'] });
  await prove(victim.id);
  const guess = (n: number) =>
    victim.put('/api/v1/users/me/password', {
      current_password: `guess ${n}`,
      password: 'seventeen purple lanterns',
    });
  const { body } = await victim.post(TWO_FACTOR, { password: PASSWORD });
  expect((await victim.post(`${TWO_FACTOR}/confirm`, { code: appCode(body.secret) })).status).toBe(200);
  for (let n = 0; n < 8; n += 1) expect((await guess(n)).body.code).toBe('wrong_password');
  const off = await victim.post(`${TWO_FACTOR}/disable`, { code: appCode(body.secret, 1) });
  expect(off.status).toBe(204);
  expect((await guess(8)).body.code).toBe('too_many_attempts');
});

test('a sign-in that has shown the old password and owes the second factor ends with a reset', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  await prove(person.id);
  const { body } = await person.post(TWO_FACTOR, { password: PASSWORD });
  await person.post(`${TWO_FACTOR}/confirm`, { code: appCode(body.secret) });
  advanceClock(60);
  const stolen = await auth('login', { email: person.email, password: PASSWORD });
  expect(stolen.body.code).toBe('second_factor_required');
  await resetPassword(person.email);
  const late = await auth('two-factor/verify', {
    challenge: stolen.body.challenge,
    code: appCode(body.secret),
  });
  expect(late.body).toMatchObject({ status: 410, code: 'challenge_expired' });
});

test('a sign-in under way with the old password opens no session after a reset', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  await prove(person.id);
  await auth('reset-password/request', { email: person.email });
  const code = await codeSentTo(person.email);
  const password = 'seventeen purple lanterns';
  // The hash of the new password is in work first: all of these have read the old one before it is written.
  const reset = auth('reset-password', { email: person.email, code, password });
  const logins = await Promise.all(
    Array.from({ length: 8 }, () => auth('login', { email: person.email, password: PASSWORD })),
  );
  expect((await reset).status).toBe(204);
  const alive = logins
    .filter(({ status }) => status === 200)
    .map(({ body }) => new Client('driveway', body.access_token));
  const looks = await Promise.all(alive.map(client => client.get('/api/v1/users/me')));
  expect(looks.filter(({ status }) => status === 200)).toEqual([]);
  expect((await auth('login', { email: person.email, password })).status).toBe(200);
});

test('a squatter who has proven a number of their own does not become the super admin of the address', async () => {
  const phone = newPhone();
  const email = newEmail();
  const { user, access_token } = await newAccount({ email, phone });
  await auth('request-otp', { phone });
  const inside = { headers: { authorization: `Bearer ${access_token}` } };
  expect((await auth('verify-otp', { phone, code: await codeSentTo(phone) }, inside)).status).toBe(200);
  const named = {
    stack: 'vicinity-data',
    cluster: process.env.DATABASE_ARN,
    secret: process.env.OWNER_SECRET_ARN,
  };
  expect(await appointByDataApi(named, { marketplace: 'driveway', email, full_name: 'Ada Admin' })).toBe(
    'promoted',
  );

  advanceClock(40);
  await auth('request-otp', { phone });
  const code = await codeSentTo(phone);
  const answer = await auth('verify-otp', { phone, code: code === 'no code' ? '000000' : code });
  expect(answer.status, answer.text).not.toBe(200);
  const [row] = await asOwner(
    sql`select phone_hash, phone_sealed, phone_verified_at from identity.users where id = ${user.id}::uuid`,
  );
  expect(row).toEqual({ phone_hash: null, phone_sealed: null, phone_verified_at: null });
  await auth('request-otp', { email });
  expect((await auth('verify-otp', { email, code: await codeSentTo(email) })).body.user.id).toBe(user.id);
});

test('whoever stole a session cannot add an address of theirs and set a new password by it', async () => {
  const phone = newPhone();
  const { user, access_token } = await newAccount({ phone });
  await prove(user.id);
  const thief = new Client('driveway', access_token);
  const email = newEmail();
  expect((await thief.post('/api/v1/users/me/email-change', { email }, { ip: newAddress() })).status).toBe(
    202,
  );
  const code = await codeSentTo(email);
  const confirmed = await thief.post('/api/v1/users/me/email-change/confirm', { code });
  expect(confirmed.body).toMatchObject({ status: 400, code: 'wrong_code', errors: [{ field: 'old_code' }] });
  const [row] = await asOwner(sql`select email from identity.users where id = ${user.id}::uuid`);
  expect(row.email).toBeNull();

  const old_code = await codeSentTo(phone);
  const both = await thief.post('/api/v1/users/me/email-change/confirm', { code, old_code });
  expect(both.body).toMatchObject({ email, phone });
  await deliverEvents();
  expect((await messagesTo(phone))[0]?.body).toContain('your account now uses another contact');
});

test('an address nobody has proven is not exchanged behind the back of a proven number', async () => {
  const phone = newPhone();
  const { user, access_token } = await newAccount({ phone, email: newEmail() });
  await prove(user.id);
  await asOwner(
    sql`update identity.users set email_verified_at = null where id = ${user.id}::uuid returning id`,
  );
  const thief = new Client('driveway', access_token);
  const email = newEmail();
  await thief.post('/api/v1/users/me/email-change', { email }, { ip: newAddress() });
  const alone = await thief.post('/api/v1/users/me/email-change/confirm', { code: await codeSentTo(email) });
  expect(alone.body).toMatchObject({ status: 400, code: 'wrong_code', errors: [{ field: 'old_code' }] });
  expect(await codeSentTo(phone)).toMatch(/^\d{6}$/);
});

test('what counts the attempts at a number or an address does not give it away', async () => {
  const [phone, email] = [newPhone(), newEmail()];
  await newAccount({ phone, email, password: undefined });
  const isFull = () =>
    asOwner(
      sql`select bucket as found from app.rate_limits where bucket like 'login:%' and full_at > app.now()
          union all select metadata ->> 'identifier_hash' from app.audit_logs where action = 'auth.login_failed'`,
    );
  const before = (await isFull()).length;
  for (const contact of [{ phone }, { email }]) await auth('login', { ...contact, password: 'a guess' });
  const rows = await isFull();
  expect(rows.length - before).toBe(4);
  const [{ phone_hash }] = await asOwner(
    sql`select phone_hash from identity.users where email = ${email}::text`,
  );
  const told = [phone, email, phone_hash].flatMap(known => [known, `driveway/${known}`]);
  const plain = told.flatMap(known => [
    known,
    createHash('sha256').update(known).digest('base64url'),
    createHash('sha256').update(known).digest('hex'),
  ]);
  for (const hash of plain) expect(rows.filter(({ found }) => String(found).includes(hash))).toEqual([]);
});

test('a token that is made while the password is reset does not outlive the reset', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  await prove(person.id);
  await auth('reset-password/request', { email: person.email });
  const body = {
    email: person.email,
    code: await codeSentTo(person.email),
    password: 'seventeen purple lanterns',
  };
  const reset = auth('reset-password', body);
  const made = Array.from({ length: 12 }, () =>
    person.post('/api/v1/users/me/tokens', { name: 'mine', abilities: ['*'], password: person.password }),
  );
  const tokens = (await Promise.all(made))
    .filter(({ status }) => status === 201)
    .map(answer => answer.body.token);
  expect((await reset).status).toBe(204);
  const looks = tokens.map(token => new Client('driveway', token).get('/api/v1/users/me'));
  expect((await Promise.all(looks)).filter(({ status }) => status === 200)).toEqual([]);
});

test('a stranger who made and deleted an account with a deleted person’s address is not restored in its place', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  await prove(person.id);
  const { email } = person;
  expect((await person.send('DELETE', '/api/v1/users/me', { password: PASSWORD })).status).toBe(200);
  const stranger = await newAccount({ email, password: 'seventeen purple lanterns' });
  const squatter = new Client('driveway', stranger.access_token);
  const left = await squatter.send('DELETE', '/api/v1/users/me', { password: 'seventeen purple lanterns' });
  expect(left.status).toBe(200);
  const restored = await auth('restore-account', { email, password: PASSWORD });
  expect(restored.status, restored.text).toBe(204);
  expect((await auth('login', { email, password: PASSWORD })).body.user.id).toBe(person.id);
});

test('nobody has codes sent to any number of strangers, wherever the requests come from', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  const answers = [];
  for (let n = 0; n < 12; n += 1) {
    const phone = newPhone();
    answers.push(await person.post('/api/v1/users/me/phone-change', { phone }, { ip: newAddress() }));
  }
  expect(answers.map(({ status }) => status)).toEqual([...Array(10).fill(202), 429, 429]);
});

test('a change that was begun before anything was proven is not finished behind the back of the proof', async () => {
  const { user, access_token } = await newAccount();
  const thief = new Client('driveway', access_token);
  const email = newEmail();
  await thief.post('/api/v1/users/me/email-change', { email }, { ip: newAddress() });
  const code = await codeSentTo(email);
  await auth('request-otp', { email: user.email });
  const inside = { headers: { authorization: `Bearer ${access_token}` } };
  const proof = { email: user.email, code: await codeSentTo(user.email) };
  expect((await auth('verify-otp', proof, inside)).status).toBe(200);
  const late = await thief.post('/api/v1/users/me/email-change/confirm', { code });
  expect(late.body).toMatchObject({ status: 410, code: 'code_expired' });
});
