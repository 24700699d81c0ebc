import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous, Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';
import { appCode, audited, auth, codeSentTo, countTrips, newAddress, other, proveEmail } from './accounts.ts';

const ROUTE = '/api/v1/auth/two-factor';

const begin = (person: Person) => person.post(ROUTE, { password: person.password });

/** Somebody with a second factor. A minute passes, so that the code that confirmed it is an old one. */
async function withSecondFactor(marketplace = 'driveway') {
  const person = await proveEmail(
    await signUpWithPassword(marketplace, { roles: [marketplace === 'driveway' ? 'host' : 'customer'] }),
  );
  const { body } = await begin(person);
  const confirmed = await person.post(`${ROUTE}/confirm`, { code: appCode(body.secret) });
  if (confirmed.status !== 200) throw new Error(`The confirmation answered ${confirmed.text}`);
  advanceClock(60);
  return { person, secret: body.secret as string, recovery: confirmed.body.recovery_codes as string[] };
}

const logIn = (person: Person) => auth('login', { email: person.email, password: person.password });
const verify = (challenge: string, proof: Record<string, unknown>) =>
  auth('two-factor/verify', { challenge, ...proof });

const mfaOf = async (person: Person) => {
  const rows = await asOwner(
    sql`select mfa_at from identity.sessions where user_id = ${person.id}::uuid and revoked_at is null order by id`,
  );
  return rows.map(({ mfa_at }) => mfa_at !== null);
};

test('the secret is shown once, sealed at rest, and protects only when a code of it was shown', async () => {
  const person = await proveEmail(await signUpWithPassword('driveway', { roles: ['host'] }));
  const started = await begin(person);
  expect(started.status).toBe(201);
  expect(started.body.otpauth_url).toContain(`secret=${started.body.secret}`);
  expect(decodeURIComponent(started.body.otpauth_url)).toContain(`Driveway-Hub:${person.email}`);
  const [row] = await asOwner(
    sql`select two_factor_secret, two_factor_confirmed_at from identity.users where id = ${person.id}::uuid`,
  );
  expect(row.two_factor_secret).not.toContain(started.body.secret);
  expect(row.two_factor_confirmed_at).toBeNull();
  expect((await logIn(person)).status).toBe(200);

  const confirmed = await person.post(`${ROUTE}/confirm`, { code: appCode(started.body.secret) });
  expect(confirmed.body.recovery_codes).toHaveLength(10);
  expect(confirmed.text).not.toContain(started.body.secret);
  const codes = await asOwner(
    sql`select code_hash from identity.recovery_codes where user_id = ${person.id}::uuid`,
  );
  for (const code of confirmed.body.recovery_codes) expect(JSON.stringify(codes)).not.toContain(code);
  expect((await begin(person)).body).toMatchObject({ status: 409, code: 'two_factor_on' });
  expect(await audited(person.id)).toContain('auth.two_factor_enabled');
});

test('an account whose address and number nobody has proven takes none: it may be somebody else’s', async () => {
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  expect((await begin(person)).body).toMatchObject({ status: 403, code: 'contact_unproven' });
  const headers = { authorization: `Bearer ${person.token}` };
  await auth('request-otp', { email: person.email });
  await auth('verify-otp', { email: person.email, code: await codeSentTo(person.email) }, { headers });
  expect((await begin(person)).status).toBe(201);
});

test('a wrong code does not switch it on, and ten of them are the most in a while', async () => {
  const person = await proveEmail(await signUpWithPassword('driveway', { roles: ['host'] }));
  expect((await person.post(`${ROUTE}/confirm`, { code: '123456' })).body.code).toBe('two_factor_off');
  const { body } = await begin(person);
  const wrong = { code: other(appCode(body.secret)) };
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const answer = await person.post(`${ROUTE}/confirm`, wrong);
    expect(answer.body).toMatchObject({ status: 400, code: 'wrong_code', errors: [{ field: 'code' }] });
  }
  const locked = await person.post(`${ROUTE}/confirm`, { code: appCode(body.secret) });
  expect(locked.body).toMatchObject({ status: 429, code: 'too_many_attempts' });
});

test('signing in takes the second factor: the password alone gets a challenge and no session', async () => {
  const { person, secret } = await withSecondFactor();
  const begun = await logIn(person);
  expect(begun.body).toMatchObject({ status: 401, code: 'second_factor_required', expires_in: 300 });
  expect(begun.body.access_token).toBeUndefined();
  expect(await mfaOf(person)).toEqual([true]);
  const answer = await verify(begun.body.challenge, { code: appCode(secret) });
  expect(answer.status).toBe(200);
  expect(answer.body.user.id).toBe(person.id);
  expect(await mfaOf(person)).toEqual([true, true]);
  const me = await new Client('driveway', answer.body.access_token).get('/api/v1/users/me');
  expect(me.body.id).toBe(person.id);
  // A challenge is no refresh token, nor does it serve again.
  expect((await auth('refresh', { refresh_token: begun.body.challenge })).status).toBe(401);
  const again = await verify(begun.body.challenge, { code: appCode(secret, 1) });
  expect(again.body).toMatchObject({ status: 410, code: 'challenge_expired' });
});

test('each step of a sign-in costs two trips', async () => {
  const { person, secret } = await withSecondFactor();
  let challenge = '';
  const trips = await countTrips(async () => {
    challenge = (await logIn(person)).body.challenge;
    await verify(challenge, { code: appCode(secret) });
  });
  expect(trips).toEqual([2, 2]);
});

test('a session that is refreshed keeps that it has shown the second factor', async () => {
  const { person } = await withSecondFactor();
  expect((await auth('refresh', { refresh_token: person.refreshToken })).status).toBe(200);
  expect(await mfaOf(person)).toEqual([true]);
});

test('a code is taken once, also by two callers at once', async () => {
  const { person, secret } = await withSecondFactor();
  const [first, second] = [await logIn(person), await logIn(person)];
  const code = appCode(secret);
  const answers = await Promise.all([
    verify(first.body.challenge, { code }),
    verify(second.body.challenge, { code }),
  ]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
  const third = await logIn(person);
  expect((await verify(third.body.challenge, { code })).body.code).toBe('wrong_code');
  expect((await verify(third.body.challenge, { code: appCode(secret, -1) })).body.code).toBe('wrong_code');
  expect((await verify(third.body.challenge, { code: appCode(secret, 1) })).status).toBe(200);
});

test('a challenge dies after five wrong codes, and after five minutes', async () => {
  const { person, secret } = await withSecondFactor();
  const { body } = await logIn(person);
  const wrong = { code: other(appCode(secret)) };
  for (const attempts_left of [4, 3, 2, 1, 0]) {
    const answer = await verify(body.challenge, wrong);
    expect(answer.body).toMatchObject({ status: 400, code: 'wrong_code', attempts_left });
  }
  expect((await verify(body.challenge, { code: appCode(secret) })).body.code).toBe('challenge_expired');
  const late = await logIn(person);
  advanceClock(300);
  expect((await verify(late.body.challenge, { code: appCode(secret) })).body.code).toBe('challenge_expired');
});

test('more challenges are no way to more attempts', async () => {
  const { person, secret } = await withSecondFactor();
  const wrong = { code: other(appCode(secret)) };
  for (let round = 0; round < 2; round += 1) {
    const { body } = await logIn(person);
    for (let attempt = 0; attempt < 5; attempt += 1) await verify(body.challenge, wrong);
  }
  const { body } = await logIn(person);
  const locked = await verify(body.challenge, { code: appCode(secret) });
  expect(locked.body).toMatchObject({ status: 429, code: 'too_many_attempts' });
});

test('a recovery code opens once, however it is written', async () => {
  const { person, recovery } = await withSecondFactor();
  const bystander = await withSecondFactor();
  const [code = ''] = recovery;
  const foreign = await verify((await logIn(bystander.person)).body.challenge, { recovery_code: code });
  expect(foreign.body.code).toBe('wrong_code');
  const first = await verify((await logIn(person)).body.challenge, { recovery_code: code.toUpperCase() });
  expect(first.status).toBe(200);
  const second = await verify((await logIn(person)).body.challenge, { recovery_code: code });
  expect(second.body.code).toBe('wrong_code');
  expect(await audited(person.id)).toContain('auth.recovery_code_used');
});

test('a challenge is worth nothing in another marketplace, nor is one that nobody was given', async () => {
  const { person, secret } = await withSecondFactor();
  const { body } = await logIn(person);
  const abroad = await auth(
    'two-factor/verify',
    { challenge: body.challenge, code: appCode(secret) },
    { marketplace: 'handie' },
  );
  expect(abroad.body.code).toBe('challenge_expired');
  const made = `${randomUUID()}${randomUUID()}`.replaceAll('-', '').slice(0, 43);
  expect((await verify(made, { code: appCode(secret) })).body.code).toBe('challenge_expired');
});

test('a one-time code does not stand in for the second factor', async () => {
  const { person, secret } = await withSecondFactor();
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${person.id}::uuid returning id`,
  );
  await auth('request-otp', { email: person.email });
  const code = await codeSentTo(person.email);
  const begun = await auth('verify-otp', { email: person.email, code });
  expect(begun.body.code).toBe('second_factor_required');
  expect((await verify(begun.body.challenge, { code: appCode(secret) })).status).toBe(200);
});

test.each(['password', 'code', 'recovery_code'] as const)(
  'it is switched off by the %s, and no session has shown it any more',
  async proof => {
    const { person, secret, recovery } = await withSecondFactor();
    const right = { password: person.password, code: appCode(secret), recovery_code: recovery[0] }[proof];
    const wrong = { password: 'wrong', code: other(appCode(secret)), recovery_code: 'aaaa-aaaa-aaaa-aaaa' }[
      proof
    ];
    const refused = await person.post(`${ROUTE}/disable`, { [proof]: wrong });
    expect(refused.body).toMatchObject({ status: 400, code: 'wrong_proof' });
    expect((await person.post(`${ROUTE}/disable`, { [proof]: right })).status).toBe(204);
    expect(await mfaOf(person)).toEqual([false]);
    expect((await logIn(person)).status).toBe(200);
    expect((await person.post(`${ROUTE}/disable`, { [proof]: right })).body.code).toBe('two_factor_off');
    await deliverEvents();
    const subjects = (await messagesTo(person.email)).map(({ subject }) => subject);
    expect(subjects).toContain('The second factor of your Driveway-Hub account is off');
  },
);

test('a suspended account is told so after the second factor too', async () => {
  const { person, secret } = await withSecondFactor();
  const { body } = await logIn(person);
  await asOwner(
    sql`update identity.users set account_status = 'suspended' where id = ${person.id}::uuid returning id`,
  );
  const answer = await verify(body.challenge, { code: appCode(secret) });
  expect(answer.body).toMatchObject({ status: 403, code: 'account_suspended' });
});

test('neither code nor recovery code is refused by name, as are both', async () => {
  const challenge = 'q1Zr0kqkXh3dS8mJ7vUoYc2nT5wLgB9eFpA4iRxMsEk';
  for (const proof of [{}, { code: '123456', recovery_code: 'aaaa-aaaa-aaaa-aaaa' }]) {
    const answer = await anonymous('driveway').post(
      `${ROUTE}/verify`,
      { challenge, ...proof },
      { ip: newAddress() },
    );
    expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'code' }] });
  }
});
