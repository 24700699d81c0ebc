import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { randomNumber } from '../support/people.ts';
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

const details = () => ({ email: newEmail(), password: PASSWORD, full_name: 'Asha Rao', roles: ['host'] });
const rowOf = async (id: string) =>
  (await asOwner(sql`select * from identity.users where id = ${id}::uuid`))[0];

test('somebody signs up and is signed in at once', async () => {
  const body = details();
  const answer = await auth('signup', body);
  expect(answer.status).toBe(201);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.body).toMatchObject({
    token_type: 'Bearer',
    expires_in: 900,
    user: {
      email: body.email,
      email_verified_at: null,
      phone: null,
      roles: ['host'],
      account_status: 'active',
    },
  });
  const me = await new Client('driveway', answer.body.access_token).get('/api/v1/users/me');
  expect(me.body).toMatchObject(answer.body.user);
});

test('the password is kept as a hash only, and neither leaves', async () => {
  const { user, ...rest } = await newAccount();
  const row = await rowOf(user.id);
  expect(row.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(JSON.stringify({ user, ...rest })).not.toMatch(/argon2|correct horse/);
  expect(row).toMatchObject({ phone_verified_at: null, preferred_language: 'en', suspended_until: null });
});

test('an e-mail address is stored in lower case, a role once', async () => {
  const email = newEmail();
  const { user } = await newAccount({ email: ` ${email.toUpperCase()}`, roles: ['host', 'driver', 'host'] });
  expect(user).toMatchObject({ email, roles: ['host', 'driver'] });
});

test('a phone number is read as one of the country, and needs neither address nor password', async () => {
  const phone = newPhone();
  const { user } = await newAccount({ phone: phone.slice(2), password: undefined });
  expect(user).toMatchObject({ phone, email: null });
  expect((await rowOf(user.id)).password_hash).toBeNull();
  const mobile = await newAccount({ phone: '0917 555 0123', roles: ['customer'] }, 'spacall');
  expect(mobile.user.phone).toBe('+639175550123');
});

test('a second account with the same address or number is a conflict, and the first stays as it is', async () => {
  const first = await newAccount({ email: newEmail(), phone: newPhone() });
  const { email, phone } = first.user;
  const byEmail = await auth('signup', { ...details(), email, full_name: 'Somebody Else' });
  expect(byEmail.status).toBe(409);
  expect(byEmail.body).toMatchObject({ code: 'email_taken', errors: [{ field: 'email' }] });
  const byPhone = await auth('signup', { ...details(), phone });
  expect(byPhone.body).toMatchObject({ status: 409, code: 'phone_taken', errors: [{ field: 'phone' }] });
  expect(await asOwner(sql`select full_name from identity.users where email = ${email}::text`)).toEqual([
    { full_name: 'Asha Rao' },
  ]);
});

test('of two who sign up with one address at once, one gets it', async () => {
  const body = details();
  const answers = await Promise.all(Array.from({ length: 8 }, () => auth('signup', body)));
  expect(answers.map(answer => answer.status).sort()).toEqual([201, 409, 409, 409, 409, 409, 409, 409]);
});

test('a repeated sign-up is told that the account exists: an answer with secrets is never kept', async () => {
  const body = details();
  const headers = { 'idempotency-key': 'twice' };
  expect((await auth('signup', body, { headers })).status).toBe(201);
  expect((await auth('signup', body, { headers })).body.code).toBe('email_taken');
});

test('the same address in another marketplace is another account', async () => {
  const { user } = await newAccount();
  const other = await newAccount({ email: user.email, roles: ['customer'] }, 'handie');
  expect(other.user.id).not.toBe(user.id);
});

test('the address of a deleted account may be taken again', async () => {
  const { user } = await newAccount();
  await asOwner(
    sql`update identity.users set account_status = 'deleted', deleted_at = app.now() where id = ${user.id}::uuid returning id`,
  );
  expect((await newAccount({ email: user.email })).user.email).toBe(user.email);
});

test.each([
  ['spacall', 'customer', ['phone']],
  ['handie', 'customer', ['email', 'phone']],
  ['recovery', 'customer', ['email']],
  ['homigo', 'tenant', ['phone']],
])('nobody signs up in %s as a %s without %j', async (marketplace, role, needed) => {
  const contacts = { email: newEmail(), phone: randomNumber(marketplace) };
  const body = { full_name: 'Asha Rao', password: PASSWORD, roles: [role] };
  for (const missing of needed) {
    const answer = await auth('signup', { ...body, ...contacts, [missing]: undefined }, { marketplace });
    expect(answer.body).toMatchObject({
      status: 400,
      code: 'invalid_input',
      errors: [{ field: missing, code: 'required' }],
    });
  }
  const wanted = Object.fromEntries(Object.entries(contacts).filter(([name]) => needed.includes(name)));
  expect((await auth('signup', { ...body, ...wanted }, { marketplace })).status).toBe(201);
});

test.each([
  ['an address that is none', { email: 'not-an-email' }, 'email'],
  ['a number that is none', { phone: '12345' }, 'phone'],
  ['neither address nor number', { email: undefined }, 'email'],
  ['a short password', { password: 'seven77' }, 'password'],
  ['no name', { full_name: ' ' }, 'full_name'],
  ['a name of 101 characters', { full_name: 'x'.repeat(101) }, 'full_name'],
  ['no role', { roles: [] }, 'roles'],
  ['a role that only staff grant', { roles: ['admin'] }, 'roles'],
  ['a role of another marketplace', { roles: ['therapist'] }, 'roles'],
  ['a field that decides too much', { account_status: 'active' }, 'account_status'],
])('%s is refused by name', async (_, wrong, field) => {
  const answer = await auth('signup', { ...details(), ...wrong });
  expect(answer.body).toMatchObject({ status: 400, code: 'invalid_input', errors: [{ field }] });
});

test('signing up costs two trips, is audited, and tells the others', async () => {
  const body = details();
  expect(await countTrips(() => auth('signup', body))).toEqual([2]);
  const [row] = await asOwner(sql`select id from identity.users where email = ${body.email}::text`);
  expect(await audited(row.id)).toEqual(['auth.signed_up']);
  const events = await asOwner(
    sql`select payload from app.outbox where type = 'identity.user_signed_up' and payload ->> 'user_id' = ${row.id}::text`,
  );
  expect(events).toEqual([{ payload: { user_id: row.id, roles: ['host'] } }]);
});

test('one network makes thirty accounts an hour, and refused ones count, so that nobody learns who is here', async () => {
  const ip = newAddress();
  const taken = await newAccount();
  const attempts = Array.from({ length: 32 }, () =>
    auth('signup', { ...details(), email: taken.user.email, password: undefined }, { ip }),
  );
  const codes = (await Promise.all(attempts)).map(({ body }) => body.code);
  expect(codes.filter(code => code === 'email_taken')).toHaveLength(30);
  expect(codes.filter(code => code === 'too_many_attempts')).toHaveLength(2);
  expect((await auth('signup', details())).status).toBe(201);
});
