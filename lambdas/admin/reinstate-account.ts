import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { accountRefusals, Standing } from './admin.ts';

/** Ends a suspension, a ban, or the wait of a pending account. */
export const reinstateAccount = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/restore',
  summary: 'Set an account back',
  access: permitted('accounts.suspend'),
  input: z.strictObject({ user_id: id('user') }),
  output: Standing,
  refusals: accountRefusals,
  async run({ user_id }, { db }) {
    return db.one(sql`select * from admin.change_status(${user_id}::uuid, 'active', null, null)`, Standing);
  },
});

export const handler = http(reinstateAccount);
