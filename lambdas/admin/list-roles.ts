import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Role } from './admin.ts';

/** Lists the roles of the marketplace with what each may do. */
export const listRoles = useCase({
  route: 'GET /api/v1/admin/roles',
  summary: 'List roles and their permissions',
  access: permitted('roles.manage'),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Role) }),
  async run(_input, { db }) {
    const rows = await db.many(sql`select role from admin.list_roles()`, z.object({ role: Role }));
    return { items: rows.map(({ role }) => role) };
  },
});

export const handler = http(listRoles);
