import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { auth } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { PASSWORD, randomAddress, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { handIn } from '../verification/evidence.ts';

const users = (id: string, what: string) => `/api/v1/admin/users/${id}/${what}`;
const reason = 'Somebody said so.';
const statusOf = async (id: string) =>
  (await asOwner(sql`select account_status from identity.users where id = ${id}::uuid`))[0].account_status;

test.each([
  ['restore', {}],
  ['suspend', { reason, until: new Date(Date.now() + 60_000).toISOString() }],
])('whoever may only suspend does not lift a ban by %s', async (what, body) => {
  const [admin, moderator] = [await signUpStaff('homigo', 'admin'), await signUpStaff('homigo', 'moderator')];
  const person = await signUpWithPassword('homigo', { roles: ['host'] });
  expect((await admin.post(users(person.id, 'ban'), { reason })).status).toBe(200);
  const refused = await moderator.post(users(person.id, what), body);
  expect(refused.body).toMatchObject({ status: 403, code: 'forbidden' });
  expect(await statusOf(person.id)).toBe('banned');
  expect((await admin.post(users(person.id, what), body)).status).toBe(200);
});

test('the last super admin of a marketplace does not leave it by deleting the account', async () => {
  const others = await asOwner(
    sql`update identity.users u set account_status = 'suspended' from identity.user_roles r
        where r.user_id = u.id and r.role = 'super_admin' and u.marketplace = 'recovery' and u.account_status = 'active'
        returning u.id`,
  );
  const last = await signUpStaff('recovery', 'super_admin', { password: PASSWORD });
  const leave = () => last.send('DELETE', '/api/v1/users/me', { password: last.password });
  const refused = await leave();
  expect(refused.body).toMatchObject({ status: 409, code: 'last_super_admin' });
  expect(await statusOf(last.id)).toBe('active');
  await signUpStaff('recovery');
  expect((await leave()).status).toBe(200);
  for (const { id } of others)
    await asOwner(
      sql`update identity.users set account_status = 'active' where id = ${id}::uuid returning id`,
    );
});

test('an export does not show from where staff looked at the account', async () => {
  const staff = await signUpStaff('driveway', 'support');
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  const ip = randomAddress();
  const looked = await staff.post(users(person.id, 'impersonate'), { reason }, { ip });
  expect(looked.status).toBe(201);
  const asked = await person.post('/api/v1/users/me/exports', {});
  await deliverEvents();
  const { url } = (await person.get(`/api/v1/users/me/exports/${asked.body.id}`)).body;
  const archive = await (await fetch(url)).text();
  expect(archive).toContain(person.email);
  expect(archive).not.toContain(ip);
});

test('who deletes the account while being banned does not come back by restoring it', async () => {
  const admin = await signUpStaff('driveway', 'admin');
  for (let round = 0; round < 4; round += 1) {
    const person = await signUpWithPassword('driveway', { roles: ['host'] });
    const [banned] = await Promise.all([
      admin.post(users(person.id, 'ban'), { reason }),
      person.send('DELETE', '/api/v1/users/me', { password: person.password }),
    ]);
    await auth('restore-account', { email: person.email, password: person.password });
    expect(await statusOf(person.id)).toBe(banned.status === 200 ? 'banned' : 'active');
  }
});

test('of two who ban each other at once one stays to answer for it', async () => {
  for (let round = 0; round < 4; round += 1) {
    const pair = [await signUpStaff('driveway'), await signUpStaff('driveway')];
    const [one, two] = pair;
    if (!one || !two) throw new Error('Nobody signed up.');
    const answers = await Promise.all([
      one.post(users(two.id, 'ban'), { reason }),
      two.post(users(one.id, 'ban'), { reason }),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await Promise.all(pair.map(({ id }) => statusOf(id)))).toSorted()).toEqual(['active', 'banned']);
  }
});

test('staff who switch the second factor off do not look on with somebody else’s eyes', async () => {
  const staff = await signUpStaff('driveway', 'support');
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  const { body } = await staff.post(users(person.id, 'impersonate'), { reason });
  const eyes = new Client('driveway', body.access_token);
  expect((await eyes.get('/api/v1/users/me')).status).toBe(200);
  await asOwner(sql`select identity.forget_two_factor(${staff.id}::uuid)`);
  expect((await eyes.get('/api/v1/users/me')).body.code).toBe('session_ended');
});

test('whoever may impersonate and not review sees no document, nor the archive of an export', async () => {
  const staff = await signUpStaff('driveway', 'support');
  const person = await signUpWithPassword('driveway', { roles: ['host'] });
  const { upload_id } = (await handIn(person, 'government_id')).body;
  const asked = await person.post('/api/v1/users/me/exports', {});
  await deliverEvents();
  const { body } = await staff.post(users(person.id, 'impersonate'), { reason });
  const eyes = new Client('driveway', body.access_token);
  expect((await eyes.get('/api/v1/users/me/documents')).status).toBe(200);
  for (const path of [`uploads/${upload_id}`, `exports/${asked.body.id}`]) {
    expect((await eyes.get(`/api/v1/users/me/${path}`)).body).toMatchObject({
      status: 403,
      code: 'owner_only',
    });
    expect((await person.get(`/api/v1/users/me/${path}`)).body.url).toMatch(/^http/);
  }
});
