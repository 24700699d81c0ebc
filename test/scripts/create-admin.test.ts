import { randomUUID } from 'node:crypto';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { appointByDataApi } from '../../scripts/create-admin/appoint-by-data-api.ts';
import { auth, newAccount, PASSWORD } from '../identity/accounts.ts';
import { Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';

const stacks = mockClient(CloudFormationClient);
afterEach(() => stacks.reset());

const appointment = (email: string) => ({ marketplace: 'driveway', email, full_name: 'Ada Admin' });
const named = () => ({
  stack: 'vicinity-data',
  cluster: process.env.DATABASE_ARN,
  secret: process.env.OWNER_SECRET_ARN,
});
const rolesOf = async (email: string) =>
  asOwner(
    sql`select identity.roles_of(id) as roles, password_hash from identity.users
        where email = ${email}::text and marketplace = 'driveway'`,
  );

test('somebody without an account gets one with the role, and to repeat it changes nothing', async () => {
  const email = `${randomUUID()}@people.example`;
  expect(await appointByDataApi(named(), appointment(email))).toBe('created');
  expect(await appointByDataApi(named(), appointment(email))).toBe('unchanged');
  expect(await rolesOf(email)).toEqual([{ roles: ['super_admin'], password_hash: null }]);
  const audited = await asOwner(
    sql`select l.action from app.audit_logs l join identity.users u on u.id::text = l.record_id
        where u.email = ${email}::text`,
  );
  expect(audited).toEqual([{ action: 'admin.super_admin_appointed' }]);
});

test('an account whose address nobody has proven loses what was set up in its name', async () => {
  const { user, access_token } = await newAccount();
  expect(await appointByDataApi(named(), appointment(user.email))).toBe('promoted');
  expect(await rolesOf(user.email)).toEqual([{ roles: ['host', 'super_admin'], password_hash: null }]);
  expect((await new Client('driveway', access_token).get('/api/v1/users/me')).body.code).toBe(
    'session_ended',
  );
  expect((await auth('login', { email: user.email, password: PASSWORD })).status).toBe(401);
});

test('an account whose address is proven keeps its password and its sessions', async () => {
  const { user, access_token } = await newAccount();
  await asOwner(
    sql`update identity.users set email_verified_at = app.now() where id = ${user.id}::uuid returning id`,
  );
  expect(await appointByDataApi(named(), appointment(user.email))).toBe('promoted');
  expect((await new Client('driveway', access_token).get('/api/v1/users/me')).body.roles).toContain(
    'super_admin',
  );
});

test('the database is found by the outputs of the stack, and a stack that names none is told', async () => {
  const Outputs = [
    { OutputKey: 'ClusterArn', OutputValue: process.env.DATABASE_ARN },
    { OutputKey: 'OwnerSecretArn', OutputValue: process.env.OWNER_SECRET_ARN },
  ];
  const stack = {
    StackName: 'vicinity-data',
    CreationTime: new Date(),
    StackStatus: 'CREATE_COMPLETE' as const,
  };
  stacks.on(DescribeStacksCommand).resolves({ Stacks: [{ ...stack, Outputs }] });
  const email = `${randomUUID()}@people.example`;
  expect(await appointByDataApi({ stack: 'vicinity-data' }, appointment(email))).toBe('created');
  stacks.on(DescribeStacksCommand).resolves({ Stacks: [stack] });
  await expect(appointByDataApi({ stack: 'vicinity-data' }, appointment(email))).rejects.toThrow(
    'names no database',
  );
});
