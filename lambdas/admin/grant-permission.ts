import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { permissionName, UserPermissions } from './admin.ts';

/** Gives one person a permission beyond what their roles give. */
export const grantPermission = useCase({
  route: 'PUT /api/v1/admin/users/{user_id}/permissions/{permission}',
  summary: 'Give one person a permission',
  access: permitted('roles.manage'),
  presence: 'second_factor',
  input: z.strictObject({ user_id: id('user'), permission: permissionName }),
  output: UserPermissions,
  async run({ user_id, permission }, { db }) {
    return db.one(
      sql`select id, permissions from admin.set_user_permission(${user_id}::uuid, ${permission}::text, true)`,
      UserPermissions,
    );
  },
});

export const handler = http(grantPermission);
