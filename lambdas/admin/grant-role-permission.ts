import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { permissionName, Role, roleName } from './admin.ts';

/** Grants a permission to a role, for everybody who has it, from their next request on. */
export const grantRolePermission = useCase({
  route: 'PUT /api/v1/admin/roles/{role}/permissions/{permission}',
  summary: 'Grant a permission to a role',
  access: permitted('roles.manage'),
  presence: 'second_factor',
  input: z.strictObject({ role: roleName, permission: permissionName }),
  output: Role,
  refusals: {
    open_role: refuse(
      'open_role',
      409,
      'Anybody takes this role at sign-up: it is not given what only staff may do.',
      'role',
    ),
  },
  async run({ role, permission }, { db }) {
    const { role: changed } = await db.one(
      sql`select role from admin.set_role_permission(${role}::text, ${permission}::text, true)`,
      z.object({ role: Role }),
    );
    return changed;
  },
});

export const handler = http(grantRolePermission);
