import { expect, test } from 'vitest';
import { signUp, signUpStaff } from '../support/people.ts';

const LOGS = '/api/v1/admin/audit-logs';

test('administrators read what somebody did, newest first, by page and by filter', async () => {
  const admin = await signUpStaff('driveway', 'admin');
  const person = await signUp('driveway', { roles: ['host'] });
  await person.post('/api/v1/auth/logout');
  const all = await admin.get(`${LOGS}?user_id=${person.id}`);
  expect(all.body.items).toMatchObject([
    { action: 'auth.signed_out', category: 'auth', table_name: 'sessions', user_id: person.id },
    { action: 'auth.signed_up', category: 'auth', table_name: 'users', record_id: person.id },
  ]);
  const first = await admin.get(`${LOGS}?user_id=${person.id}&limit=1`);
  const second = await admin.get(`${LOGS}?user_id=${person.id}&limit=1&cursor=${first.body.next_cursor}`);
  expect([...first.body.items, ...second.body.items]).toEqual(all.body.items);
  const filtered = await admin.get(`${LOGS}?user_id=${person.id}&action=auth.signed_up&table_name=users`);
  expect(filtered.body.items).toHaveLength(1);
  const later = new Date(Date.now() + 60_000).toISOString();
  expect((await admin.get(`${LOGS}?user_id=${person.id}&from=${later}`)).body.items).toEqual([]);
  expect((await admin.get(`${LOGS}?user_id=${person.id}&to=${later}`)).body.items).toHaveLength(2);
});

test('reading it is written there, and support and people of another marketplace read nothing', async () => {
  const admin = await signUpStaff('driveway', 'admin');
  const person = await signUp('driveway', { roles: ['host'] });
  await admin.get(`${LOGS}?user_id=${person.id}`);
  const own = await admin.get(`${LOGS}?user_id=${admin.id}&action=admin.audit_logs_read`);
  expect(own.body.items).toMatchObject([{ metadata: { user_id: person.id } }]);
  expect((await (await signUpStaff('driveway', 'support')).get(LOGS)).body.code).toBe('forbidden');
  const abroad = await signUpStaff('handie', 'admin');
  expect((await abroad.get(`${LOGS}?user_id=${person.id}`)).body.items).toEqual([]);
});
