import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { newAccount } from '../identity/accounts.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';

const USERS = '/api/v1/admin/users';
const host = () => signUp('driveway', { roles: ['host'] });

/** As if its owner had deleted an account, so long ago. */
const remove = (id: string, ago = '0 days') =>
  asOwner(
    sql`update identity.users set account_status = 'deleted', deleted_at = app.now() - ${ago}::interval
        where id = ${id}::uuid returning id`,
  );

test('a deleted account is brought back as it was, by who may ban, while that can be undone', async () => {
  const [admin, moderator] = [await signUpStaff('homigo', 'admin'), await signUpStaff('homigo', 'moderator')];
  const { user } = await newAccount({ roles: ['tenant'] }, 'homigo');
  await remove(user.id);
  const restore = (by: Person) => by.post(`${USERS}/${user.id}/restore`);
  expect((await admin.post(`${USERS}/${user.id}/suspend`, { reason: 'x' })).body.code).toBe(
    'account_deleted',
  );
  expect((await restore(moderator)).body).toMatchObject({ status: 403, code: 'forbidden' });
  expect((await restore(await signUpStaff('driveway'))).status).toBe(404);
  const restored = await restore(admin);
  expect(restored.body).toEqual({ id: user.id, account_status: 'pending', reason: null, until: null });
  const audits = await asOwner(
    sql`select user_id, old_values, new_values from app.audit_logs
        where record_id = ${user.id}::text and action = 'account.restored'`,
  );
  expect(audits).toEqual([
    {
      user_id: admin.id,
      old_values: { account_status: 'deleted' },
      new_values: { account_status: 'pending' },
    },
  ]);
  await remove(user.id, '90 days');
  expect((await restore(admin)).body).toMatchObject({ status: 409, code: 'account_purged' });
});

test('a deleted account stays closed when somebody has its address, or is of staff and not all roles', async () => {
  const admin = await signUpStaff('driveway', 'admin');
  const [{ user }, colleague] = [await newAccount(), await signUpStaff('driveway', 'support')];
  await remove(user.id);
  await remove(colleague.id);
  await newAccount({ email: user.email });
  const restore = (id: string) => admin.post(`${USERS}/${id}/restore`);
  expect((await restore(user.id)).body).toMatchObject({ status: 409, code: 'email_taken' });
  expect((await restore(colleague.id)).body).toMatchObject({ status: 403, code: 'staff_account' });
});

test('whose account is closed or opened is told by message, with the reason and the end', async () => {
  const [staff, person, bystander] = [await signUpStaff('driveway'), await host(), await host()];
  const act = (action: string, body?: unknown) => staff.post(`${USERS}/${person.id}/${action}`, body);
  const told = async () => {
    await deliverEvents();
    return (await messagesTo(person.email)).map(({ subject, body }) => `${subject}: ${body}`);
  };
  const steps: [string, Record<string, unknown> | undefined, RegExp][] = [
    [
      'suspend',
      { reason: 'Two complaints.', until: '2030-01-02T20:00:00Z' },
      /is suspended: .*until Jan 2, 2030, 12:00\sPM\. The reason: Two complaints\./,
    ],
    ['suspend', { reason: 'Three.' }, /until our staff end it\. The reason: Three\./],
    ['restore', undefined, /is open: .*You can sign in again\./],
    ['ban', { reason: 'Fraud.' }, /is closed: .*The reason: Fraud\./],
  ];
  for (const [index, [action, body, message]] of steps.entries()) {
    expect((await act(action, body)).status).toBe(200);
    const messages = await told();
    expect(messages).toHaveLength(index + 1);
    expect(
      messages.some(each => message.test(each)),
      messages.join('\n'),
    ).toBe(true);
  }
  expect(await messagesTo(bystander.email)).toEqual([]);
});
