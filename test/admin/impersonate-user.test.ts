import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { auth } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';

const ME = '/api/v1/users/me';
const reason = 'Ticket 4711';
const impersonate = (staff: Person, person: Person) =>
  staff.post(`/api/v1/admin/users/${person.id}/impersonate`, { reason });
async function eyesOf(staff: Person, person: Person): Promise<Client> {
  const { status, body } = await impersonate(staff, person);
  expect(status).toBe(201);
  return new Client(person.marketplace, body.access_token);
}

test('staff see what the person sees, change nothing, and each look is on record with both ids', async () => {
  const [staff, person] = [
    await signUpStaff('driveway', 'support'),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const eyes = await eyesOf(staff, person);
  expect((await eyes.get(ME)).body).toEqual((await person.get(ME)).body);
  expect((await eyes.get('/api/v1/bookings')).status).toBe(200);
  const write = await eyes.put(ME, { full_name: 'Somebody Else' });
  expect(write.body).toMatchObject({ status: 403, code: 'impersonation_read_only' });
  expect((await eyes.post('/api/v1/auth/logout')).body.code).toBe('impersonation_read_only');
  expect((await person.get(ME)).body.full_name).toBe('Asha Rao');
  const looks = await asOwner(
    sql`select action, record_id, metadata ->> 'route' as route, metadata ->> 'reason' as reason from app.audit_logs
        where user_id = ${staff.id}::uuid and category = 'admin' order by id`,
  );
  expect(looks).toEqual([
    { action: 'admin.impersonation_started', record_id: person.id, route: null, reason },
    { action: 'admin.impersonated_request', record_id: person.id, route: `GET ${ME}`, reason: null },
    {
      action: 'admin.impersonated_request',
      record_id: person.id,
      route: 'GET /api/v1/bookings',
      reason: null,
    },
  ]);
});

test('the person does not meet the look among their sessions: not in the list, nor in the count of ended ones', async () => {
  const [staff, person] = [
    await signUpStaff('driveway', 'support'),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const eyes = await eyesOf(staff, person);
  const { body } = await person.get(`${ME}/sessions`);
  expect(body.items).toMatchObject([{ is_current: true }]);
  expect((await person.delete(`${ME}/sessions`)).body).toEqual({ ended: 0 });
  expect((await eyes.get(ME)).body.code).toBe('session_ended');
});

test('a look at what is not there is on record too', async () => {
  const [staff, person] = [
    await signUpStaff('driveway', 'support'),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const eyes = await eyesOf(staff, person);
  expect((await eyes.get(`/api/v1/bookings/${person.id}`)).status).toBe(404);
  expect((await eyes.get('/api/v1/admin/users')).status).toBe(403);
  const [row] = await asOwner(
    sql`select count(*) from app.audit_logs where user_id = ${staff.id}::uuid and action = 'admin.impersonated_request'`,
  );
  expect(row.count).toBe(2);
});

test('it is over after a quarter of an hour, and with the session, the role or the account of the staff', async () => {
  const person = await signUp('driveway', { roles: ['host'] });
  const ends: ((staff: Person) => Promise<unknown>)[] = [
    staff => staff.post('/api/v1/auth/logout'),
    staff =>
      asOwner(
        sql`delete from identity.user_roles where user_id = ${staff.id}::uuid and role = 'support' returning id`,
      ),
    staff =>
      asOwner(
        sql`update identity.users set account_status = 'suspended' where id = ${staff.id}::uuid returning id`,
      ),
  ];
  for (const end of ends) {
    const staff = await signUpStaff('driveway', 'support');
    const eyes = await eyesOf(staff, person);
    expect((await eyes.get(ME)).status).toBe(200);
    await end(staff);
    expect((await eyes.get(ME)).body.code).toBe('session_ended');
  }
  const eyes = await eyesOf(await signUpStaff('driveway', 'support'), person);
  advanceClock(901);
  expect((await eyes.get(ME)).status).toBe(401);
  expect((await auth('refresh', { refresh_token: person.refreshToken })).status).toBe(200);
});

test('the eyes of staff, of a banned account and of another marketplace are closed', async () => {
  const staff = await signUpStaff('driveway');
  const colleague = await signUpStaff('driveway', 'support');
  expect((await impersonate(staff, colleague)).body).toMatchObject({ status: 403, code: 'staff_account' });
  const banned = await signUp('driveway', { roles: ['host'] });
  await staff.post(`/api/v1/admin/users/${banned.id}/ban`, { reason });
  expect((await impersonate(staff, banned)).body).toMatchObject({ status: 409, code: 'account_not_active' });
  const abroad = await signUp('homigo', { roles: ['tenant'] });
  expect((await impersonate(staff, abroad)).status).toBe(404);
  const customer = await signUp('driveway', { roles: ['host'] });
  expect((await impersonate(customer, banned)).body.code).toBe('forbidden');
});
