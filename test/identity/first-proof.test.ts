import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { audited, auth, codeSentTo, newAccount, newEmail, newPhone, PASSWORD } from './accounts.ts';

const stateOf = async (id: string) => {
  const [row] = await asOwner(
    sql`select password_hash is not null as has_password, two_factor_secret is not null as has_second_factor,
               (select count(*) from identity.personal_access_tokens t where t.user_id = u.id) as tokens,
               (select count(*) from identity.sessions s where s.user_id = u.id and s.revoked_at is null) as sessions
        from identity.users u where u.id = ${id}::uuid`,
  );
  return row;
};

/** An account that somebody made with another person's address, and furnished. */
async function hijacked() {
  const account = await newAccount();
  const attacker = new Client('driveway', account.access_token);
  // No route sets one up before a contact is proven: this is one from before that rule.
  await asOwner(
    sql`update identity.users set two_factor_secret = 'sealed'
        where id = ${account.user.id}::uuid returning id`,
  );
  await attacker.post('/api/v1/users/me/tokens', { name: 'mine', abilities: ['*'], password: PASSWORD });
  return { account, attacker, email: account.user.email as string };
}

test('whoever first proves the address from outside owns the account: what was set up before is gone', async () => {
  const { account, attacker, email } = await hijacked();
  const bystander = await newAccount();
  expect(await stateOf(account.user.id)).toEqual({
    has_password: true,
    has_second_factor: true,
    tokens: 1,
    sessions: 1,
  });
  await auth('request-otp', { email });
  const owner = await auth('verify-otp', { email, code: await codeSentTo(email) });
  expect(owner.status).toBe(200);
  expect(await stateOf(account.user.id)).toEqual({
    has_password: false,
    has_second_factor: false,
    tokens: 0,
    sessions: 1,
  });
  expect((await attacker.get('/api/v1/users/me')).body.code).toBe('session_ended');
  expect((await auth('refresh', { refresh_token: account.refresh_token })).status).toBe(401);
  expect((await auth('login', { email, password: PASSWORD })).body.code).toBe('invalid_credentials');
  expect(await audited(account.user.id)).toContain('auth.contact_proven');
  expect(await stateOf(bystander.user.id)).toMatchObject({ has_password: true, sessions: 1 });
});

test('a code that is verified inside of a session of the account keeps everything', async () => {
  const { account, attacker: person, email } = await hijacked();
  await auth('request-otp', { email });
  const headers = { authorization: `Bearer ${account.access_token}` };
  const answer = await auth('verify-otp', { email, code: await codeSentTo(email) }, { headers });
  expect(answer.body.user.email_verified_at).not.toBeNull();
  expect(await stateOf(account.user.id)).toMatchObject({ has_password: true, tokens: 1, sessions: 2 });
  expect((await person.get('/api/v1/users/me')).status).toBe(200);
  expect((await auth('login', { email, password: PASSWORD })).status).toBe(200);
});

test('the session of somebody else, an ended one or a token that is none counts as outside', async () => {
  const stranger = await newAccount();
  const ended = await newAccount();
  await new Client('driveway', ended.access_token).post('/api/v1/auth/logout');
  for (const [account, bearer] of [
    [await newAccount(), stranger.access_token],
    [ended, ended.access_token],
    [await newAccount(), 'no.such.token'],
  ]) {
    const { email, id } = account.user;
    await auth('request-otp', { email });
    const headers = { authorization: `Bearer ${bearer}` };
    const answer = await auth('verify-otp', { email, code: await codeSentTo(email) }, { headers });
    expect(answer.status).toBe(200);
    expect((await stateOf(id)).has_password).toBe(false);
  }
  expect((await stateOf(stranger.user.id)).has_password).toBe(true);
});

test('a second proof changes nothing, and neither does one of an account that is proven otherwise', async () => {
  const phone = newPhone();
  const { user, access_token } = await newAccount({ email: newEmail(), phone });
  const headers = { authorization: `Bearer ${access_token}` };
  await auth('request-otp', { email: user.email });
  await auth('verify-otp', { email: user.email, code: await codeSentTo(user.email) }, { headers });

  // The number may have been mistyped: whoever has it is not let in by it before the owner has confirmed it.
  await auth('request-otp', { phone });
  const outside = await auth('verify-otp', { phone, code: await codeSentTo(phone) });
  expect(outside.body).toMatchObject({ status: 403, code: 'contact_unproven' });
  expect(await stateOf(user.id)).toMatchObject({ has_password: true });
  expect(
    (await new Client('driveway', access_token).get('/api/v1/users/me')).body.phone_verified_at,
  ).toBeNull();
});
