import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { roleName, UserRoles } from './admin.ts';

/** Takes a role from somebody, from their next request on. */
export const revokeRole = useCase({
  route: 'DELETE /api/v1/admin/users/{user_id}/roles/{role}',
  summary: 'Take a role from somebody',
  access: permitted('roles.manage'),
  input: z.strictObject({ user_id: id('user'), role: roleName }),
  output: UserRoles,
  refusals: {
    last_super_admin: refuse('last_super_admin', 409, 'A marketplace keeps one super admin.', 'role'),
    last_role: refuse('last_role', 409, 'Everybody keeps one role.', 'role'),
  },
  async run({ user_id, role }, { db }) {
    return db.one(
      sql`select id, roles from admin.set_user_role(${user_id}::uuid, ${role}::text, false)`,
      UserRoles,
    );
  },
});

export const handler = http(revokeRole);
