import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { roleName, UserRoles } from './admin.ts';

/** Gives somebody a role. */
export const grantRole = useCase({
  route: 'PUT /api/v1/admin/users/{user_id}/roles/{role}',
  summary: 'Give somebody a role',
  access: permitted('roles.manage'),
  presence: 'second_factor',
  input: z.strictObject({ user_id: id('user'), role: roleName }),
  output: UserRoles,
  async run({ user_id, role }, { db }) {
    return db.one(
      sql`select id, roles from admin.set_user_role(${user_id}::uuid, ${role}::text, true)`,
      UserRoles,
    );
  },
});

export const handler = http(grantRole);
