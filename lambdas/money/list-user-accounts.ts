import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { StaffAccount } from './staff-payments.ts';

/** Lists what a person has on each of their accounts. That it was read is audited. */
export const listUserAccounts = useCase({
  route: 'GET /api/v1/admin/users/{user_id}/accounts',
  summary: 'Show somebody’s accounts of money',
  access: permitted('money.read'),
  input: z.strictObject({ user_id: id('user') }),
  output: z.object({ items: z.array(StaffAccount) }),
  run: async ({ user_id }, { db }) => ({
    items: await db.many(sql`select * from money.accounts_for_staff(${user_id}::uuid)`, StaffAccount),
  }),
});

export const handler = http(listUserAccounts);
