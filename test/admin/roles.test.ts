import { describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';

const ROLES = '/api/v1/admin/roles';
const userPath = (person: Person) => `/api/v1/admin/users/${person.id}`;
const audit = (actor: Person, action: string) =>
  asOwner(
    sql`select record_id, old_values, new_values from app.audit_logs
        where user_id = ${actor.id}::uuid and action = ${action}::text order by id`,
  );

describe('roles and their permissions', () => {
  test('every marketplace has the roles of its file, and the database refuses any other', async () => {
    for (const { slug, roles } of marketplaces) {
      const rows = await asOwner(
        sql`select name, is_open, guard_name from identity.roles where marketplace = ${slug}::text order by name`,
      );
      const expected = [
        ...roles.open.map(name => ({ name, is_open: true, guard_name: 'api' })),
        ...roles.staff.map(name => ({ name, is_open: false, guard_name: 'api' })),
      ];
      expect(rows, slug).toEqual(expected.sort((a, b) => (a.name < b.name ? -1 : 1)));
    }
    const person = await signUp('driveway', { roles: ['host'] });
    await expect(
      asOwner(
        sql`insert into identity.user_roles (marketplace, user_id, role) values ('driveway', ${person.id}::uuid, 'therapist')
            returning id`,
      ),
    ).rejects.toThrow('user_roles_role_fkey');
  });

  test('what a super admin takes from a role is gone at once, for everybody who has it, and comes back when granted', async () => {
    const [root, other] = [await signUpStaff('recovery'), await signUpStaff('recovery', 'operator')];
    const path = `${ROLES}/operator/permissions/accounts.read`;
    expect((await other.get('/api/v1/admin/users')).status).toBe(200);
    const taken = await root.delete(path);
    expect(taken.body).toMatchObject({ name: 'operator', is_open: false });
    expect(taken.body.permissions).not.toContain('accounts.read');
    expect((await other.get('/api/v1/admin/users')).body.code).toBe('forbidden');
    expect((await root.put(path, {})).body.permissions).toContain('accounts.read');
    expect((await other.get('/api/v1/admin/users')).status).toBe(200);
    expect(await audit(root, 'admin.role_permission_changed')).toEqual([
      { record_id: 'operator/accounts.read', old_values: { granted: true }, new_values: { granted: false } },
      { record_id: 'operator/accounts.read', old_values: { granted: false }, new_values: { granted: true } },
    ]);
  });

  test('a deployment brings what its file adds, takes what it drops, and leaves what a super admin decided', async () => {
    const file = {
      slug: 'homigo',
      roles: { open: ['tenant'], staff: ['finance'] },
      permissions: { finance: ['accounts.read', 'audit_logs.read'], nobody: ['accounts.ban'] },
    };
    const rows = await inScratch(async run => {
      const seed = (permissions: Record<string, string[]>) =>
        run(`select identity.seed_roles('${JSON.stringify([{ ...file, permissions }])}'::jsonb)`);
      await seed(file.permissions);
      await run(`update identity.role_permissions set is_granted = false, changed_by = app.uuid_v7()
                 where marketplace = 'homigo' and role = 'finance' and permission = 'accounts.read' returning role`);
      await run(`insert into identity.role_permissions (marketplace, role, permission, changed_by)
                 values ('homigo', 'finance', 'roles.manage', app.uuid_v7()) returning role`);
      await seed(file.permissions);
      const before = await run(`select permission, is_granted from identity.role_permissions
        where marketplace = 'homigo' and role = 'finance' order by permission`);
      await seed({});
      const after = await run(`select permission, is_granted from identity.role_permissions
        where marketplace = 'homigo' and role = 'finance' order by permission`);
      return { before, after };
    });
    expect(rows.before).toEqual([
      { permission: 'accounts.read', is_granted: false },
      { permission: 'audit_logs.read', is_granted: true },
      { permission: 'roles.manage', is_granted: true },
    ]);
    expect(rows.after).toEqual([
      { permission: 'accounts.read', is_granted: false },
      { permission: 'roles.manage', is_granted: true },
    ]);
  });

  test('a role or a permission that is removed takes along who has it, and nothing else', async () => {
    const person = await signUp('driveway', { roles: ['host'] });
    const left = await inScratch(async run => {
      await run(`insert into identity.roles (marketplace, name) values ('driveway', 'guard') returning id`);
      await run(`insert into identity.permissions (marketplace, name, is_staff)
                 values ('driveway', 'gates.open', true), ('driveway', 'gates.close', true) returning id`);
      await run(`insert into identity.role_permissions (marketplace, role, permission)
                 select 'driveway', r, p from unnest(array['guard', 'support']) r, unnest(array['gates.open', 'gates.close']) p
                 returning role`);
      await run(`insert into identity.user_roles (marketplace, user_id, role) values ('driveway', '${person.id}', 'guard')
                 returning id`);
      await run(`insert into identity.user_permissions (marketplace, user_id, permission, granted_by)
                 values ('driveway', '${person.id}', 'gates.open', '${person.id}') returning user_id`);
      await run(`delete from identity.permissions where name = 'gates.open' returning id`);
      await run(`delete from identity.roles where marketplace = 'driveway' and name = 'guard' returning id`);
      return run(`select
        (select json_agg(role) from identity.user_roles where user_id = '${person.id}')::text as roles,
        (select count(*) from identity.user_permissions where user_id = '${person.id}') as permissions,
        (select json_agg(role || ' ' || permission) from identity.role_permissions where permission like 'gates.%')::text
          as role_permissions`);
    });
    expect(left).toEqual([
      { roles: '["host"]', permissions: 0, role_permissions: '["support gates.close"]' },
    ]);
  });

  test('who may not manage roles sees and changes none', async () => {
    const admin = await signUpStaff('driveway', 'admin');
    const path = `${ROLES}/admin/permissions/roles.manage`;
    expect((await admin.get(ROLES)).body.code).toBe('forbidden');
    expect((await admin.put(path, {})).body.code).toBe('forbidden');
    expect((await admin.put(`${userPath(admin)}/roles/super_admin`, {})).body.code).toBe('forbidden');
    expect((await admin.put(`${userPath(admin)}/permissions/roles.manage`, {})).body.code).toBe('forbidden');
  });

  test('a role that anybody takes is not given what only staff may do, and super admins always manage roles', async () => {
    const root = await signUpStaff('driveway');
    const open = await root.put(`${ROLES}/driver/permissions/accounts.read`, {});
    expect(open.body).toMatchObject({ status: 409, code: 'open_role' });
    const last = await root.delete(`${ROLES}/super_admin/permissions/roles.manage`);
    expect(last.body).toMatchObject({ status: 409, code: 'roles_unmanaged' });
    expect((await root.get(ROLES)).body.items).toContainEqual({
      name: 'driver',
      is_open: true,
      permissions: ['parking.book'],
    });
    expect((await root.put(`${ROLES}/driver/permissions/no.such_thing`, {})).status).toBe(404);
    expect((await root.put(`${ROLES}/nobody/permissions/parking.book`, {})).status).toBe(404);
  });
});

describe('what one person may do', () => {
  test('a role opens its doors at once and closes them at once', async () => {
    const [root, person, bystander] = [
      await signUpStaff('driveway'),
      await signUp('driveway', { roles: ['host'] }),
      await signUp('driveway', { roles: ['host'] }),
    ];
    const granted = await root.put(`${userPath(person)}/roles/support`, {});
    expect(granted.body).toEqual({ id: person.id, roles: ['host', 'support'] });
    expect((await person.get('/api/v1/admin/users')).body.code).toBe('two_factor_required');
    expect((await root.put(`${userPath(person)}/roles/support`, {})).body).toEqual(granted.body);
    const taken = await root.delete(`${userPath(person)}/roles/support`);
    expect(taken.body).toEqual({ id: person.id, roles: ['host'] });
    expect((await person.get('/api/v1/admin/users')).body.code).toBe('forbidden');
    expect((await bystander.get('/api/v1/users/me')).body.roles).toEqual(['host']);
    expect(await audit(root, 'admin.roles_changed')).toEqual([
      { record_id: person.id, old_values: { roles: ['host'] }, new_values: { roles: ['host', 'support'] } },
      { record_id: person.id, old_values: { roles: ['host', 'support'] }, new_values: { roles: ['host'] } },
    ]);
  });

  test('a permission of one’s own goes beyond the roles, and is shown to staff', async () => {
    const [root, person] = [await signUpStaff('driveway'), await signUp('driveway', { roles: ['driver'] })];
    const list = (who: Person) => who.post('/api/v1/parking/spaces', {});
    expect((await list(person)).status).toBe(400);
    const path = `${userPath(person)}/permissions/audit_logs.read`;
    expect((await root.put(path, {})).body).toEqual({ id: person.id, permissions: ['audit_logs.read'] });
    expect((await person.get('/api/v1/admin/audit-logs')).body.code).toBe('two_factor_required');
    expect((await root.get(userPath(person))).body.permissions).toEqual(['audit_logs.read']);
    expect((await root.delete(path)).body.permissions).toEqual([]);
    expect((await person.get('/api/v1/admin/audit-logs')).body.code).toBe('forbidden');
    expect(await audit(root, 'admin.permission_changed')).toHaveLength(2);
  });

  test('the last role stays, an unknown one is not found, and so are people of another marketplace', async () => {
    const [root, person] = [await signUpStaff('driveway'), await signUp('driveway', { roles: ['driver'] })];
    const last = await root.delete(`${userPath(person)}/roles/driver`);
    expect(last.body).toMatchObject({ status: 409, code: 'last_role' });
    expect((await root.put(`${userPath(person)}/roles/therapist`, {})).status).toBe(404);
    const abroad = await signUpStaff('spacall');
    expect((await abroad.put(`${userPath(person)}/roles/admin`, {})).status).toBe(404);
    expect((await abroad.put(`${userPath(person)}/permissions/audit_logs.read`, {})).status).toBe(404);
  });

  test('of two super admins who take the role from each other at once, one keeps it', async () => {
    const others = await asOwner(
      sql`delete from identity.user_roles where marketplace = 'handie' and role = 'super_admin' returning id`,
    );
    expect(others).toBeInstanceOf(Array);
    const [one, two] = [await signUpStaff('handie'), await signUpStaff('handie')];
    const answers = await Promise.all([
      one.delete(`${userPath(two)}/roles/super_admin`),
      two.delete(`${userPath(one)}/roles/super_admin`),
    ]);
    // Who comes second has no right any more, or is told that it is the last.
    expect(answers.map(({ status }) => status).sort()[0]).toBe(200);
    const left = await asOwner(
      sql`select count(*) from identity.user_roles where marketplace = 'handie' and role = 'super_admin'`,
    );
    expect(left[0].count).toBe(1);
  });
});
