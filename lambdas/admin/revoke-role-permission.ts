import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { permissionName, Role, roleName } from './admin.ts';

/** Takes a permission from a role. A later deployment does not give it back. */
export const revokeRolePermission = useCase({
  route: 'DELETE /api/v1/admin/roles/{role}/permissions/{permission}',
  summary: 'Take a permission from a role',
  access: permitted('roles.manage'),
  input: z.strictObject({ role: roleName, permission: permissionName }),
  output: Role,
  refusals: {
    roles_unmanaged: refuse('roles_unmanaged', 409, 'A super admin always manages roles.', 'permission'),
  },
  async run({ role, permission }, { db }) {
    const { role: changed } = await db.one(
      sql`select role from admin.set_role_permission(${role}::text, ${permission}::text, false)`,
      z.object({ role: Role }),
    );
    return changed;
  },
});

export const handler = http(revokeRolePermission);
