import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { auth, newAccount, newPhone } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { PASSWORD, type Person, signUpStaff, signUpWithPassword } from '../support/people.ts';

const USERS = '/api/v1/admin/users';
const ME = '/api/v1/users/me';
const host = () => signUpWithPassword('driveway', { roles: ['host'] });
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString();

/** What the audit log says that somebody did, oldest first. */
const auditOf = (actor: Person) =>
  asOwner(
    sql`select action, record_id, old_values, new_values, metadata from app.audit_logs
        where user_id = ${actor.id}::uuid and category = 'admin' order by id`,
  );

describe('finding accounts', () => {
  test('a name is found by a word, by a part of it, and with a slip; stop words are names too', async () => {
    const staff = await signUpStaff('driveway', 'support');
    const will = await signUpWithPassword('driveway', { roles: ['host'], full_name: 'Will Zephyrine' });
    for (const name of ['will', 'Zephyrine', 'zephyr', 'Zefyrine', 'zephyrine will']) {
      const { body } = await staff.get(`${USERS}?name=${encodeURIComponent(name)}&limit=100`);
      expect(
        body.items.map(({ id }: { id: string }) => id),
        name,
      ).toContain(will.id);
    }
    expect((await staff.get(`${USERS}?name=Quetzalcoatl`)).body.items).toEqual([]);
  });

  test('an address, a number and an id find exactly one account, however they are written', async () => {
    const staff = await signUpStaff('driveway', 'support');
    const phone = newPhone();
    const email = `${randomUUID()}@people.example`;
    const { user } = await newAccount({ email, phone });
    for (const query of [
      `email=${email.toUpperCase()}`,
      `phone=${encodeURIComponent(phone)}`,
      `phone=${phone.slice(2)}`,
      `user_id=${user.id}`,
    ]) {
      const { body } = await staff.get(`${USERS}?${query}`);
      expect(body.items, query).toMatchObject([{ id: user.id, email, roles: ['host'] }]);
    }
    expect((await staff.get(`${USERS}?phone=12`)).body.errors).toMatchObject([{ field: 'phone' }]);
  });

  test('role and status narrow the list, which has pages', async () => {
    const staff = await signUpStaff('recovery', 'operator');
    const name = `Filter ${randomUUID().slice(0, 8)}`;
    const people: Person[] = [];
    for (let n = 0; n < 3; n += 1)
      people.push(await signUpWithPassword('recovery', { roles: ['customer'], full_name: name }));
    const list = async (query: string) =>
      (await staff.get(`${USERS}?name=${encodeURIComponent(name)}&${query}`)).body;
    const newestFirst = people.map(({ id }) => id).reverse();
    const ids = (body: { items: { id: string }[] }) => body.items.map(({ id }) => id);
    expect(ids(await list('role=customer&account_status=active')).slice(0, 3)).toEqual(newestFirst);
    expect(ids(await list('account_status=banned'))).toEqual([]);
    expect(ids(await list('role=operator'))).toEqual([]);
    const first = await list('limit=2');
    const second = await list(`limit=1&cursor=${first.next_cursor}`);
    expect([...ids(first), ...ids(second)]).toEqual(newestFirst);
  });

  test('whom staff have seen is on record, by search as by reading one account', async () => {
    const staff = await signUpStaff('driveway', 'support');
    const phone = newPhone();
    const { user } = await newAccount({ phone });
    await staff.get(`${USERS}?user_id=${user.id}`);
    const shown = await staff.get(`${USERS}/${user.id}`);
    expect(shown.body).toMatchObject({
      ...user,
      phone,
      permissions: [],
      reason: null,
      has_second_factor: false,
    });
    expect(JSON.stringify(shown.body)).not.toMatch(/argon2|sealed|hash/);
    expect(await auditOf(staff)).toMatchObject([
      { action: 'admin.accounts_searched', metadata: { by: ['user_id'], user_ids: [user.id] } },
      { action: 'admin.account_read', record_id: user.id },
    ]);
  });

  test('nobody but staff finds anybody, and nobody finds the people of another marketplace', async () => {
    const person = await host();
    for (const path of [USERS, `${USERS}/${person.id}`, '/api/v1/admin/audit-logs', '/api/v1/admin/roles']) {
      expect((await person.get(path)).body, path).toMatchObject({ status: 403, code: 'forbidden' });
    }
    const abroad = await signUpStaff('spacall');
    expect((await abroad.get(`${USERS}/${person.id}`)).status).toBe(404);
    expect((await abroad.get(`${USERS}?email=${person.email}`)).body.items).toEqual([]);
    expect((await abroad.post(`${USERS}/${person.id}/ban`, { reason: 'x' })).status).toBe(404);
    expect((await person.get(ME)).status).toBe(200);
  });

  test('staff without a second factor are asked for one', async () => {
    const staff = await signUpStaff('driveway', 'support', { password: PASSWORD });
    const again = await auth('login', { email: staff.email, password: staff.password });
    const answer = await new Client('driveway', again.body.access_token).get(USERS);
    expect(answer.body).toMatchObject({ status: 403, code: 'two_factor_required' });
  });
});

describe('the state of an account', () => {
  test('a suspended person is told why and until when, at every request and at the door', async () => {
    const [staff, person, bystander] = [await signUpStaff('driveway'), await host(), await host()];
    const until = inAnHour();
    const answer = await staff.post(`${USERS}/${person.id}/suspend`, { reason: 'Two complaints.', until });
    expect(answer).toMatchObject({
      status: 200,
      body: { id: person.id, account_status: 'suspended', reason: 'Two complaints.', until },
    });
    const told = { status: 403, code: 'account_suspended', reason: 'Two complaints.', until };
    const credentials = { email: person.email, password: person.password };
    expect((await person.get(ME)).body).toMatchObject(told);
    expect((await auth('login', credentials)).body).toMatchObject(told);
    expect((await auth('refresh', { refresh_token: person.refreshToken })).body).toMatchObject(told);
    expect((await auth('login', { ...credentials, password: 'wrong' })).body.code).toBe(
      'invalid_credentials',
    );
    expect((await bystander.get(ME)).status).toBe(200);
    advanceClock(3_600);
    expect((await auth('login', credentials)).body.user.account_status).toBe('active');
  });

  test('a ban ends every session, a restoration lets the person sign in again', async () => {
    const [staff, person] = [await signUpStaff('driveway'), await host()];
    await staff.post(`${USERS}/${person.id}/ban`, { reason: 'Fraud.' });
    expect((await person.get(ME)).body.code).toBe('session_ended');
    const credentials = { email: person.email, password: person.password };
    expect((await auth('login', credentials)).body).toMatchObject({
      code: 'account_suspended',
      account_status: 'banned',
      reason: 'Fraud.',
      until: null,
    });
    const restored = await staff.post(`${USERS}/${person.id}/restore`);
    expect(restored.body).toEqual({ id: person.id, account_status: 'active', reason: null, until: null });
    expect((await auth('login', credentials)).status).toBe(200);
    expect((await auth('refresh', { refresh_token: person.refreshToken })).status).toBe(401);
  });

  test('each change is audited once with what was and what is, and announced', async () => {
    const [staff, person] = [await signUpStaff('driveway', 'admin'), await host()];
    const suspend = () => staff.post(`${USERS}/${person.id}/suspend`, { reason: 'Late.' });
    await Promise.all([suspend(), suspend(), suspend()]);
    expect(await auditOf(staff)).toMatchObject([
      {
        action: 'admin.account_status_changed',
        record_id: person.id,
        old_values: { account_status: 'active', reason: null, until: null },
        new_values: { account_status: 'suspended', reason: 'Late.', until: null },
      },
    ]);
    const events = await asOwner(
      sql`select payload from app.outbox where type = 'identity.account_status_changed'
            and payload ->> 'user_id' = ${person.id}::text`,
    );
    expect(events).toEqual([
      { payload: { user_id: person.id, account_status: 'suspended', reason: 'Late.', until: null } },
    ]);
  });

  test('a repeated request with its key is answered as the first was', async () => {
    const [staff, person] = [await signUpStaff('driveway'), await host()];
    const headers = { 'idempotency-key': randomUUID() };
    const ban = () => staff.post(`${USERS}/${person.id}/ban`, { reason: 'Fraud.' }, { headers });
    const first = await ban();
    await staff.post(`${USERS}/${person.id}/restore`);
    const second = await ban();
    expect(second.body).toEqual(first.body);
    expect(second.headers['idempotency-replayed']).toBe('true');
    expect((await staff.get(`${USERS}/${person.id}`)).body.account_status).toBe('active');
  });

  test('nobody closes their own account so, an account of staff takes who manages roles, a past end is refused', async () => {
    const [admin, colleague, superior] = [
      await signUpStaff('driveway', 'admin'),
      await signUpStaff('driveway', 'support'),
      await signUpStaff('driveway'),
    ];
    const ban = (by: Person, whom: Person) => by.post(`${USERS}/${whom.id}/ban`, { reason: 'x' });
    expect((await ban(admin, admin)).body).toMatchObject({ status: 409, code: 'own_account' });
    expect((await ban(admin, colleague)).body).toMatchObject({ status: 403, code: 'staff_account' });
    expect((await ban(superior, colleague)).status).toBe(200);
    const person = await host();
    const past = new Date(Date.now() - 1_000).toISOString();
    const refused = await superior.post(`${USERS}/${person.id}/suspend`, { reason: 'x', until: past });
    expect(refused.body).toMatchObject({ status: 422, code: 'until_is_past', errors: [{ field: 'until' }] });
    expect((await colleague.post(`${USERS}/${person.id}/suspend`, { reason: 'x' })).status).toBe(401);
  });

  test('a moderator of driveway’s kind may not ban, and support may not suspend', async () => {
    const [support, moderator] = [
      await signUpStaff('homigo', 'support'),
      await signUpStaff('homigo', 'moderator'),
    ];
    const person = await signUpWithPassword('homigo', { roles: ['tenant'] });
    const body = { reason: 'x' };
    expect((await support.post(`${USERS}/${person.id}/suspend`, body)).body.code).toBe('forbidden');
    expect((await moderator.post(`${USERS}/${person.id}/ban`, body)).body.code).toBe('forbidden');
    expect((await moderator.post(`${USERS}/${person.id}/suspend`, body)).status).toBe(200);
  });

  test('of two super admins who close each other’s accounts at once, one is left', async () => {
    await asOwner(
      sql`delete from identity.user_roles where marketplace = 'recovery' and role = 'super_admin' returning id`,
    );
    for (const action of ['suspend', 'ban']) {
      const [one, two] = [await signUpStaff('recovery'), await signUpStaff('recovery')];
      const close = (by: Person, whom: Person) => by.post(`${USERS}/${whom.id}/${action}`, { reason: 'x' });
      const answers = await Promise.all([close(one, two), close(two, one)]);
      expect(answers.map(({ status }) => status).sort()[0]).toBe(200);
      const left = await asOwner(
        sql`select u.id from identity.user_roles r join identity.users u on u.id = r.user_id
            where r.marketplace = 'recovery' and r.role = 'super_admin' and u.account_status = 'active'`,
      );
      expect(left).toHaveLength(1);
      await asOwner(
        sql`delete from identity.user_roles where marketplace = 'recovery' and role = 'super_admin' returning id`,
      );
    }
    const last = await signUpStaff('recovery');
    const admin = await signUpStaff('recovery', 'admin');
    await asOwner(
      sql`insert into identity.user_permissions (marketplace, user_id, permission, granted_by)
          values ('recovery', ${admin.id}::uuid, 'roles.manage', ${last.id}::uuid) returning user_id`,
    );
    const answer = await admin.post(`${USERS}/${last.id}/ban`, { reason: 'x' });
    expect(answer.body).toMatchObject({ status: 409, code: 'last_super_admin' });
  });
});
