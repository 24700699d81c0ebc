import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { signUpWithPassword } from '../support/people.ts';
import {
  appCode,
  askCode,
  audited,
  auth,
  countTrips,
  newAccount,
  newEmail,
  newPhone,
  other,
  proveEmail,
} from './accounts.ts';

const ROUTE = '/api/v1/auth/two-factor';
const PURPOSE = 'start_two_factor';

const host = async () => proveEmail(await signUpWithPassword('driveway', { roles: ['host'] }));
const secretOf = async (id: string) =>
  (await asOwner(sql`select two_factor_secret from identity.users where id = ${id}::uuid`))[0]
    .two_factor_secret;

test('a session alone begins no second factor: whoever stole one does not know the password', async () => {
  const [person, bystander] = [await host(), await host()];
  for (const body of [{}, { password: 'a guess' }, { code: '123456' }]) {
    const refused = await person.post(ROUTE, body);
    expect(refused.body).toMatchObject({
      status: 400,
      code: 'wrong_password',
      errors: [{ field: 'password' }],
    });
  }
  expect(await secretOf(person.id)).toBeNull();
  expect(await audited(person.id)).toContain('auth.two_factor_refused');
  expect((await person.post(ROUTE, { password: person.password })).status).toBe(201);
  expect(await secretOf(bystander.id)).toBeNull();
});

test('a code of one’s own does not stand in for the password of an account that has one', async () => {
  const person = await host();
  const code = await askCode({ email: person.email }, PURPOSE);
  expect((await person.post(ROUTE, { code })).body.code).toBe('wrong_password');
});

test('without a password it takes a fresh code of its own purpose to a contact that is proven', async () => {
  const contacts = { email: newEmail(), phone: newPhone() };
  const account = await newAccount({ ...contacts, password: undefined });
  await proveEmail(account.user);
  const person = new Client('driveway', account.access_token);
  expect((await person.post(ROUTE)).body).toMatchObject({
    status: 403,
    code: 'code_required',
    errors: [{ field: 'code' }],
  });
  const unproven = await askCode({ phone: contacts.phone }, PURPOSE);
  expect((await person.post(ROUTE, { code: unproven })).body.code).toBe('code_expired');
  const signIn = await askCode({ email: contacts.email }, 'sign_in');
  expect((await person.post(ROUTE, { code: signIn })).body.code).toBe('code_expired');
  const code = await askCode({ email: contacts.email }, PURPOSE);
  const wrong = await person.post(ROUTE, { code: other(code) });
  expect(wrong.body).toMatchObject({ status: 400, code: 'wrong_code', attempts_left: 4 });
  const started = await person.post(ROUTE, { code });
  expect(started.status).toBe(201);
  expect((await person.post(ROUTE, { code })).body.code).toBe('code_expired');
  const confirmed = await person.post(`${ROUTE}/confirm`, { code: appCode(started.body.secret) });
  expect(confirmed.status).toBe(200);
});

test('the code is the first proof where nothing was proven, and somebody else’s is worth nothing', async () => {
  const [one, two] = [await newAccount({ password: undefined }), await newAccount({ password: undefined })];
  const code = await askCode({ email: two.user.email }, PURPOSE);
  expect((await new Client('driveway', one.access_token).post(ROUTE, { code })).body.code).toBe(
    'code_expired',
  );
  const owner = new Client('driveway', two.access_token);
  expect((await owner.post(ROUTE, { code })).status).toBe(201);
  expect((await owner.get('/api/v1/users/me')).body.email_verified_at).not.toBeNull();
});

test('of two who show one code at once one begins', async () => {
  const { user, access_token } = await newAccount({ password: undefined });
  const code = await askCode({ email: user.email }, PURPOSE);
  const person = new Client('driveway', access_token);
  const answers = await Promise.all([1, 2].map(() => person.post(ROUTE, { code })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 410]);
});

test('it is confirmed in the session that began it, within ten minutes, and not again', async () => {
  const person = await host();
  const elsewhere = await auth('login', { email: person.email, password: person.password });
  const thief = new Client('driveway', elsewhere.body.access_token);
  const first = await person.post(ROUTE, { password: person.password });
  const confirm = (client: Client, secret: string) =>
    client.post(`${ROUTE}/confirm`, { code: appCode(secret) });
  const refusal = { status: 403, code: 'step_up_required' };
  expect((await confirm(thief, first.body.secret)).body).toMatchObject(refusal);
  advanceClock(600);
  expect((await confirm(person, first.body.secret)).body).toMatchObject(refusal);
  expect((await auth('login', { email: person.email, password: person.password })).status).toBe(200);
  const second = await person.post(ROUTE, { password: person.password });
  expect((await confirm(person, second.body.secret)).status).toBe(200);
  expect((await confirm(person, second.body.secret)).body.code).toBe('two_factor_on');
});

test('guesses at the password are limited, and each step costs two trips', async () => {
  const person = await host();
  const trips = await countTrips(async () => {
    const { body } = await person.post(ROUTE, { password: person.password });
    await person.post(`${ROUTE}/confirm`, { code: appCode(body.secret) });
  });
  expect(trips).toEqual([2, 2]);
  const victim = await host();
  const guesses = await Promise.all(
    Array.from({ length: 12 }, (_, n) => victim.post(ROUTE, { password: `guess ${n}` })),
  );
  const codes = guesses.map(({ body }) => body.code);
  expect(codes.filter(code => code === 'wrong_password')).toHaveLength(10);
  expect(codes.filter(code => code === 'too_many_attempts')).toHaveLength(2);
});
