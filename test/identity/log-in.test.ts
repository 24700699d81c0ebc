import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import {
  audited,
  auth,
  countTrips,
  newAccount,
  newAddress,
  newEmail,
  newPhone,
  PASSWORD,
} from './accounts.ts';

const withStatus = (id: string, status: string, until: string | null = null) =>
  asOwner(
    sql`update identity.users set account_status = ${status}::text, suspended_until = ${until}::timestamptz
        where id = ${id}::uuid returning id`,
  );

test('somebody signs in by address or by number, however they are written', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ email: newEmail(), phone });
  const byEmail = await auth('login', { email: user.email.toUpperCase(), password: PASSWORD });
  expect(byEmail.status).toBe(200);
  expect(byEmail.body.user).toEqual(user);
  const byPhone = await auth('login', { phone: phone.slice(2), password: PASSWORD });
  expect(byPhone.body.user.id).toBe(user.id);
  expect(byPhone.body.refresh_token).not.toBe(byEmail.body.refresh_token);
});

test('each sign-in opens a session of its own and moves last_login_at', async () => {
  const { user } = await newAccount();
  const look = () =>
    asOwner(
      sql`select u.last_login_at, count(*) as sessions from identity.users u join identity.sessions s on s.user_id = u.id
          where u.id = ${user.id}::uuid group by u.id`,
    );
  const [before] = await look();
  advanceClock(60);
  await auth('login', { email: user.email, password: PASSWORD });
  const [after] = await look();
  expect(after.sessions).toBe(before.sessions + 1);
  expect(Date.parse(after.last_login_at) - Date.parse(before.last_login_at)).toBeGreaterThanOrEqual(60_000);
  expect(await audited(user.id)).toEqual(['auth.signed_up', 'auth.new_device', 'auth.signed_in']);
});

test('a wrong password, an unknown address and an account without a password get one and the same answer', async () => {
  const { user } = await newAccount();
  const codesOnly = await newAccount({ password: undefined });
  const answers = await Promise.all([
    auth('login', { email: user.email, password: 'wrong' }),
    auth('login', { email: newEmail(), password: PASSWORD }),
    auth('login', { email: codesOnly.user.email, password: PASSWORD }),
    auth('login', { email: user.email, password: PASSWORD }, { marketplace: 'handie' }),
  ]);
  for (const { status, body } of answers) {
    expect([status, body.code, body.errors]).toEqual([401, 'invalid_credentials', undefined]);
  }
});

test('both kinds of failure cost two trips, as signing in does', async () => {
  const { user } = await newAccount();
  const trips = await countTrips(async () => {
    await auth('login', { email: user.email, password: PASSWORD });
    await auth('login', { email: user.email, password: 'wrong' });
    await auth('login', { email: newEmail(), password: 'wrong' });
  });
  expect(trips).toEqual([2, 2, 2]);
});

test.each(['known', 'unknown'])(
  'after ten failures the %s account is locked, from everywhere',
  async kind => {
    const email = kind === 'known' ? (await newAccount()).user.email : newEmail();
    const bystander = await newAccount();
    // All at once: no attempt slips in while another is being verified.
    const failures = await Promise.all(
      Array.from({ length: 14 }, () => auth('login', { email, password: 'wrong' })),
    );
    expect(failures.filter(({ status }) => status === 401)).toHaveLength(10);
    const locked = await auth('login', { email, password: PASSWORD });
    expect(locked.body).toMatchObject({ status: 429, code: 'too_many_attempts' });
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(60);
    expect((await auth('login', { email: bystander.user.email, password: PASSWORD })).status).toBe(200);
  },
);

test('a lock opens with time, and is audited', async () => {
  const { user } = await newAccount();
  for (let attempt = 0; attempt < 10; attempt += 1) {
    await auth('login', { email: user.email, password: 'wrong' });
  }
  const { headers } = await auth('login', { email: user.email, password: PASSWORD });
  advanceClock(Number(headers['retry-after']));
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(200);
  expect((await audited(user.id)).slice(-4)).toEqual([
    'auth.login_failed',
    'auth.locked_out',
    'auth.new_device',
    'auth.signed_in',
  ]);
});

test('the right password forgets the failures before it', async () => {
  const { user } = await newAccount();
  for (let round = 0; round < 3; round += 1) {
    for (let attempt = 0; attempt < 6; attempt += 1) {
      await auth('login', { email: user.email, password: 'wrong' });
    }
    expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(200);
  }
});

test('an address of the network that fails 50 times is shut out, without locking whom it tried', async () => {
  const ip = newAddress();
  const { user } = await newAccount();
  await Promise.all(
    Array.from({ length: 50 }, () => auth('login', { email: newEmail(), password: 'x' }, { ip })),
  );
  expect((await auth('login', { email: user.email, password: PASSWORD }, { ip })).status).toBe(429);
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(200);
});

test('a suspended account is told so, but only to who knows the password', async () => {
  const { user, access_token } = await newAccount();
  await withStatus(user.id, 'suspended');
  const right = await auth('login', { email: user.email, password: PASSWORD });
  expect(right.body).toMatchObject({ status: 403, code: 'account_suspended' });
  expect((await auth('login', { email: user.email, password: 'wrong' })).body.code).toBe(
    'invalid_credentials',
  );
  const me = await new Client('driveway', access_token).get('/api/v1/users/me');
  expect(me.body.code).toBe('account_suspended');
});

test('a suspension whose time is over ends at the next sign-in, a ban does not', async () => {
  const { user } = await newAccount();
  await withStatus(user.id, 'suspended', new Date(Date.now() + 3_600_000).toISOString());
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(403);
  advanceClock(3_601);
  expect((await auth('login', { email: user.email, password: PASSWORD })).body.user.account_status).toBe(
    'active',
  );
  await withStatus(user.id, 'banned');
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(403);
});

test('a deleted account is one that nobody knows', async () => {
  const { user } = await newAccount();
  await asOwner(
    sql`update identity.users set account_status = 'deleted', deleted_at = app.now() where id = ${user.id}::uuid returning id`,
  );
  expect((await auth('login', { email: user.email, password: PASSWORD })).body.code).toBe(
    'invalid_credentials',
  );
});

test('an address and a number together are refused, as is neither', async () => {
  const both = await auth('login', { email: newEmail(), phone: newPhone(), password: PASSWORD });
  expect(both.body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'phone' }] });
  expect((await auth('login', { password: PASSWORD })).body.errors).toMatchObject([{ field: 'email' }]);
});

test('a stale token beside the password does no harm', async () => {
  const { user } = await newAccount();
  const headers = { authorization: 'Bearer not.a.token' };
  expect((await auth('login', { email: user.email, password: PASSWORD }, { headers })).status).toBe(200);
});
