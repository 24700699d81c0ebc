import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import {
  askCode,
  auth,
  codeSentTo,
  countTrips,
  newAccount,
  newAddress,
  newEmail,
  newPhone,
  other,
  PASSWORD,
  proveEmail,
} from './accounts.ts';

const CHANGE = '/api/v1/users/me/email-change';

const details = (more: Record<string, unknown>) => ({
  full_name: 'Olga Owner',
  password: PASSWORD,
  roles: ['host'],
  ...more,
});
const rowOf = async (id: string) =>
  (
    await asOwner(
      sql`select email, email_verified_at is not null as email_proven, phone_hash is not null as has_phone,
                 phone_verified_at is not null as phone_proven, account_status, password_hash is not null as has_password
          from identity.users where id = ${id}::uuid`,
    )
  )[0];

/** Somebody who holds another person's address, and whom a proven number lets in: its owner cannot come in by a code. */
async function squatter(email = newEmail()) {
  const phone = newPhone();
  const { user, access_token } = await newAccount({ email, phone });
  await asOwner(
    sql`update identity.users set phone_verified_at = app.now() where id = ${user.id}::uuid returning id`,
  );
  return { id: user.id as string, email, phone, client: new Client('driveway', access_token) };
}

test('whoever has the address takes it by a code at sign-up, and the account that never proved it keeps the rest', async () => {
  const [holder, bystander] = [await squatter(), await squatter()];
  const { email } = holder;
  expect((await auth('signup', details({ email }))).body.code).toBe('email_taken');
  const code = await askCode({ email }, 'sign_up');
  expect((await auth('verify-otp', { email, code })).body.code, 'it signs nobody in').toBe('code_expired');
  const made = await auth('signup', details({ email, email_code: code }));
  expect(made.status).toBe(201);
  expect(made.body.user).toMatchObject({ email, full_name: 'Olga Owner' });
  expect(made.body.user.email_verified_at).not.toBeNull();
  expect(await rowOf(holder.id)).toMatchObject({
    email: null,
    has_phone: true,
    phone_proven: true,
    account_status: 'active',
    has_password: true,
  });
  expect((await auth('login', { email, password: PASSWORD })).body.user.id).toBe(made.body.user.id);
  expect((await holder.client.get('/api/v1/users/me')).body).toMatchObject({ id: holder.id, email: null });
  expect(await rowOf(bystander.id)).toMatchObject({ email: bystander.email });
  const again = await auth('signup', details({ email, email_code: code }));
  expect(again.body.code).toBe('code_expired');
});

test('who lost it is told by another contact, and nowhere whose it is now', async () => {
  const holder = await squatter();
  const code = await askCode({ email: holder.email }, 'sign_up');
  const made = await auth('signup', details({ email: holder.email, email_code: code }));
  await deliverEvents();
  const told = (await messagesTo(holder.phone)).map(({ body }) => body);
  expect(told.join()).toContain('has left your account');
  expect((await messagesTo(holder.email)).map(({ subject }) => subject).join()).not.toContain('has lost');
  const traces = await asOwner(
    sql`select user_id, ip_address is not null as has_address, to_jsonb(l)::text as everything from app.audit_logs l
        where record_id = ${holder.id}::text and action = 'auth.contact_lost'`,
  );
  expect(traces).toMatchObject([{ user_id: null }]);
  expect(JSON.stringify([traces, told])).not.toContain(made.body.user.id);
});

test('an account whose only contact it was stays, and its session adds one', async () => {
  const { user, access_token } = await newAccount();
  const email_code = await askCode({ email: user.email }, 'sign_up');
  expect((await auth('signup', details({ email: user.email, email_code }))).status).toBe(201);
  expect(await rowOf(user.id)).toMatchObject({ email: null, has_phone: false, account_status: 'active' });
  const client = new Client('driveway', access_token);
  const email = newEmail();
  await client.post(CHANGE, { email }, { ip: newAddress() });
  const changed = await client.post(`${CHANGE}/confirm`, { code: await codeSentTo(email) });
  expect(changed.body).toMatchObject({ id: user.id, email });
});

test('a number is taken likewise, and an account that waits for it is active at once', async () => {
  const context = { marketplace: 'homigo' };
  const holder = await newAccount({ roles: ['tenant'] }, 'homigo');
  const { phone } = holder.user;
  const phone_code = await askCode({ phone }, 'sign_up', 'homigo');
  const made = await auth('signup', details({ roles: ['tenant'], phone, phone_code }), context);
  expect(made.body.user).toMatchObject({ phone, account_status: 'active' });
  expect(await rowOf(holder.user.id)).toMatchObject({ has_phone: false, account_status: 'pending' });
});

test('a wrong code takes nothing, the right one of another contact stays good, and both are needed where both come', async () => {
  const holder = await squatter();
  await asOwner(
    sql`update identity.users set phone_verified_at = null where id = ${holder.id}::uuid returning id`,
  );
  const { email, phone } = holder;
  const [email_code, phone_code] = [await askCode({ email }, 'sign_up'), await askCode({ phone }, 'sign_up')];
  const both = { email, phone, email_code, phone_code };
  const wrong = await auth('signup', details({ ...both, phone_code: other(phone_code) }));
  expect(wrong.body).toMatchObject({
    status: 400,
    code: 'wrong_code',
    attempts_left: 4,
    errors: [{ field: 'phone_code' }],
  });
  expect(await rowOf(holder.id)).toMatchObject({ email, has_phone: true });
  expect((await auth('signup', details({ email, phone, email_code }))).body.code).toBe('phone_taken');
  expect(await rowOf(holder.id)).toMatchObject({ email, has_phone: true });
  expect((await auth('signup', details(both))).status).toBe(201);
  expect(await rowOf(holder.id)).toMatchObject({ email: null, has_phone: false });
});

test('an address that its account has proven is not taken, nor one by a code of another marketplace', async () => {
  const holder = await squatter();
  await proveEmail(holder);
  const email_code = await askCode({ email: holder.email }, 'sign_up');
  const answer = await auth('signup', details({ email: holder.email, email_code }));
  expect(answer.body).toMatchObject({ status: 409, code: 'email_taken' });
  expect(await rowOf(holder.id)).toMatchObject({ email: holder.email, email_proven: true });
  const abroad = await squatter();
  const code = await askCode({ email: abroad.email }, 'sign_up');
  const foreign = { ...details({ email: abroad.email, email_code: code, roles: ['customer'] }) };
  expect((await auth('signup', foreign, { marketplace: 'recovery' })).body.code).toBe('code_expired');
});

test('a code is refused by name where its contact is not given, and alike where nobody has it', async () => {
  const missing = await auth('signup', details({ phone: newPhone(), email_code: '123456' }));
  expect(missing.body).toMatchObject({ code: 'invalid_input', errors: [{ field: 'email_code' }] });
  const holder = await squatter();
  for (const email of [holder.email, newEmail()]) {
    const unasked = await auth('signup', details({ email, email_code: '000000' }));
    expect(unasked.body).toMatchObject({ status: 410, code: 'code_expired' });
    await askCode({ email }, 'sign_up');
    const wrong = await auth('signup', details({ email, email_code: '000000' }));
    expect(wrong.body).toMatchObject({ status: 400, code: 'wrong_code', attempts_left: 4 });
  }
});

test('a change of contact takes the address from an account that never proved it', async () => {
  const holder = await squatter();
  const { user, access_token } = await newAccount();
  const client = new Client('driveway', access_token);
  await client.post(CHANGE, { email: holder.email }, { ip: newAddress() });
  const changed = await client.post(`${CHANGE}/confirm`, { code: await codeSentTo(holder.email) });
  expect(changed.body).toMatchObject({ id: user.id, email: holder.email });
  expect(await rowOf(holder.id)).toMatchObject({ email: null, has_phone: true });
});

test('a restored account takes back what it had proven from one that has not', async () => {
  const { user, access_token } = await newAccount();
  await proveEmail(user);
  const gone = new Client('driveway', access_token);
  expect((await gone.send('DELETE', '/api/v1/users/me', { password: PASSWORD })).status).toBe(200);
  const newcomer = await squatter(user.email);
  const restored = await auth('restore-account', { email: user.email, password: PASSWORD });
  expect(restored.status).toBe(204);
  expect(await rowOf(user.id)).toMatchObject({ email: user.email, account_status: 'active' });
  expect(await rowOf(newcomer.id)).toMatchObject({ email: null });
});

test('of a sign-up and a change that prove one address at once, one has it', async () => {
  const holder = await squatter();
  const { email } = holder;
  const rival = await newAccount();
  const client = new Client('driveway', rival.access_token);
  const email_code = await askCode({ email }, 'sign_up');
  advanceClock(31);
  await client.post(CHANGE, { email }, { ip: newAddress() });
  const code = await codeSentTo(email);
  const answers = await Promise.all([
    auth('signup', details({ email, email_code })),
    client.post(`${CHANGE}/confirm`, { code }),
  ]);
  expect(answers.filter(({ body }) => body.code === 'email_taken')).toHaveLength(1);
  const owners = await asOwner(sql`select id from identity.users where email = ${email}::text`);
  expect(owners).toHaveLength(1);
  expect(await rowOf(holder.id)).toMatchObject({ email: null });
});

test('who proves the address while it is taken keeps it, or proves nothing', async () => {
  const holder = await squatter();
  const { email } = holder;
  const email_code = await askCode({ email }, 'sign_up');
  const code = await askCode({ email }, 'sign_in');
  const headers = { authorization: `Bearer ${holder.client.token}` };
  const [taken, proven] = await Promise.all([
    auth('signup', details({ email, email_code })),
    auth('verify-otp', { email, code }, { headers }),
  ]);
  expect([taken.status, proven.status].filter(status => status < 300)).toHaveLength(1);
  const held = await rowOf(holder.id);
  expect(held).toMatchObject(
    taken.status === 201 ? { email: null, email_proven: false } : { email, email_proven: true },
  );
});

test('a code that went out while somebody held the address is good when nobody does any more', async () => {
  const holder = await squatter();
  const email_code = await askCode({ email: holder.email }, 'sign_up');
  await asOwner(sql`update identity.users set email = null where id = ${holder.id}::uuid returning id`);
  const made = await auth('signup', details({ email: holder.email, email_code }));
  expect(made.body.user.email_verified_at).not.toBeNull();
});

test('taking an address costs the two trips of a sign-up', async () => {
  const holder = await squatter();
  const email_code = await askCode({ email: holder.email }, 'sign_up');
  expect(await countTrips(() => auth('signup', details({ email: holder.email, email_code })))).toEqual([2]);
});
