import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import {
  audited,
  auth,
  codeSentTo,
  newAccount,
  newAddress,
  newEmail,
  newPhone,
  other,
  PASSWORD,
} from './accounts.ts';

const EMAIL = '/api/v1/users/me/email-change';
const PHONE = '/api/v1/users/me/phone-change';
/** A network asks for so many codes an hour: each request comes from one of its own. */
const here = () => ({ ip: newAddress() });

/** Somebody whose address and number are proven. */
async function provenPerson(details: Record<string, unknown> = {}) {
  const { user, access_token } = await newAccount(details);
  await asOwner(
    sql`update identity.users set email_verified_at = case when email is not null then app.now() end,
          phone_verified_at = case when phone_hash is not null then app.now() end
        where id = ${user.id}::uuid returning id`,
  );
  return { user, client: new Client('driveway', access_token) };
}

test('an address is changed by the codes of both ends, and the former is told', async () => {
  const { user, client } = await provenPerson();
  const email = newEmail();
  const asked = await client.post(EMAIL, { email: email.toUpperCase() }, here());
  expect([asked.status, asked.body]).toEqual([202, { expires_in: 600 }]);
  const [code, old_code] = [await codeSentTo(email), await codeSentTo(user.email)];
  expect(code).not.toBe(old_code);
  expect((await client.get('/api/v1/users/me')).body.email).toBe(user.email);
  const changed = await client.post(`${EMAIL}/confirm`, { code, old_code });
  expect(changed.status).toBe(200);
  expect(changed.body).toMatchObject({ id: user.id, email });
  expect(changed.body.email_verified_at).not.toBeNull();
  expect((await auth('login', { email, password: PASSWORD })).status).toBe(200);
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(401);
  expect(await audited(user.id)).toContain('auth.contact_changed');
  await deliverEvents();
  const subjects = async (to: string) => (await messagesTo(to)).map(({ subject }) => subject);
  expect(await subjects(user.email)).toContain('Your Driveway-Hub account has another contact now');
  expect(await subjects(email)).not.toContain('Your Driveway-Hub account has another contact now');
});

test('a number is changed likewise, by text messages, and is sealed at rest', async () => {
  const [former, phone] = [newPhone(), newPhone()];
  const { user, client } = await provenPerson({ phone: former });
  expect((await client.post(PHONE, { phone: phone.slice(2) }, here())).status).toBe(202);
  const codes = { code: await codeSentTo(phone), old_code: await codeSentTo(former) };
  const changed = await client.post(`${PHONE}/confirm`, codes);
  expect(changed.body).toMatchObject({ id: user.id, phone });
  const [row] = await asOwner(
    sql`select to_jsonb(u)::text || (select string_agg(to_jsonb(c)::text, '') from identity.contact_changes c
          where c.user_id = u.id) as everything from identity.users u where u.id = ${user.id}::uuid`,
  );
  for (const number of [former, phone]) expect(row.everything).not.toContain(number.slice(1));
  await deliverEvents();
  const [told] = await messagesTo(former);
  expect(told?.body).toContain('your account now uses another contact');
});

test('the new end alone does not do where the former is proven', async () => {
  const { user, client } = await provenPerson();
  const email = newEmail();
  await client.post(EMAIL, { email }, here());
  const code = await codeSentTo(email);
  const old_code = await codeSentTo(user.email);
  for (const attempt of [{ code }, { code, old_code: other(old_code) }]) {
    const refused = await client.post(`${EMAIL}/confirm`, attempt);
    expect(refused.body).toMatchObject({ status: 400, code: 'wrong_code', errors: [{ field: 'old_code' }] });
  }
  const wrong = await client.post(`${EMAIL}/confirm`, { code: other(code), old_code });
  expect(wrong.body).toMatchObject({ code: 'wrong_code', attempts_left: 4, errors: [{ field: 'code' }] });
  expect((await client.post(`${EMAIL}/confirm`, { code, old_code })).status).toBe(200);
  expect((await client.post(`${EMAIL}/confirm`, { code, old_code })).body.code).toBe('code_expired');
});

test('a mistyped address that was never proven is corrected by the new end alone', async () => {
  const { user, access_token } = await newAccount();
  const client = new Client('driveway', access_token);
  const email = newEmail();
  await client.post(EMAIL, { email }, here());
  expect(await codeSentTo(user.email)).toBe('no code');
  expect((await client.post(`${EMAIL}/confirm`, { code: await codeSentTo(email) })).body.email).toBe(email);
});

test('somebody with a number adds an address, by a code to the number too', async () => {
  const phone = newPhone();
  const { client } = await provenPerson({ phone });
  const email = newEmail();
  await client.post(EMAIL, { email }, here());
  const codes = { code: await codeSentTo(email), old_code: await codeSentTo(phone) };
  expect((await client.post(`${EMAIL}/confirm`, codes)).body.email).toBe(email);
});

test('that somebody has proven the address is told to nobody but who has shown a code of it', async () => {
  const taken = await provenPerson();
  const { user, client } = await provenPerson();
  const asked = await client.post(EMAIL, { email: taken.user.email }, here());
  expect(asked.status).toBe(202);
  const codes = { code: await codeSentTo(taken.user.email), old_code: await codeSentTo(user.email) };
  const refused = await client.post(`${EMAIL}/confirm`, codes);
  expect(refused.body).toMatchObject({ status: 409, code: 'email_taken', errors: [{ field: 'email' }] });
  expect((await client.get('/api/v1/users/me')).body.email).toBe(user.email);
});

test('codes of a change belong to its person, and die with a newer change and with time', async () => {
  const { user, client } = await provenPerson();
  const stranger = await provenPerson();
  const [first, second] = [newEmail(), newEmail()];
  await client.post(EMAIL, { email: first }, here());
  const codes = { code: await codeSentTo(first), old_code: await codeSentTo(user.email) };
  expect((await stranger.client.post(`${EMAIL}/confirm`, codes)).body.code).toBe('code_expired');
  advanceClock(31);
  await client.post(EMAIL, { email: second }, here());
  expect((await client.post(`${EMAIL}/confirm`, codes)).body.code).toBe('wrong_code');
  const newer = { code: await codeSentTo(second), old_code: await codeSentTo(user.email) };
  advanceClock(600);
  expect((await client.post(`${EMAIL}/confirm`, newer)).body).toMatchObject({
    status: 410,
    code: 'code_expired',
  });
});

test('the address that the account has already is no change, and codes are limited', async () => {
  const { user, client } = await provenPerson();
  expect((await client.post(EMAIL, { email: user.email }, here())).body).toMatchObject({
    status: 409,
    code: 'contact_unchanged',
  });
  expect((await client.post(EMAIL, { email: newEmail() }, here())).status).toBe(202);
  const soon = await client.post(EMAIL, { email: newEmail() }, here());
  expect(soon.body).toMatchObject({ status: 429, code: 'too_many_attempts' });
});

test('a number that is none is refused by name', async () => {
  const { client } = await provenPerson();
  const answer = await client.post(PHONE, { phone: 'call me' }, here());
  expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'phone' }] });
});
