import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { permissionName, UserPermissions } from './admin.ts';

/** Takes a permission from one person. What their roles give stays. */
export const revokePermission = useCase({
  route: 'DELETE /api/v1/admin/users/{user_id}/permissions/{permission}',
  summary: 'Take a permission from one person',
  access: permitted('roles.manage'),
  input: z.strictObject({ user_id: id('user'), permission: permissionName }),
  output: UserPermissions,
  async run({ user_id, permission }, { db }) {
    return db.one(
      sql`select id, permissions from admin.set_user_permission(${user_id}::uuid, ${permission}::text, false)`,
      UserPermissions,
    );
  },
});

export const handler = http(revokePermission);
