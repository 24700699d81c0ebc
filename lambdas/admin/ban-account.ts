import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { accountRefusals, reason, Standing } from './admin.ts';

/** Bans an account for good and ends its sessions. */
export const banAccount = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/ban',
  summary: 'Ban an account',
  access: permitted('accounts.ban'),
  input: z.strictObject({ user_id: id('user'), reason }),
  output: Standing,
  refusals: accountRefusals,
  async run({ user_id, reason }, { db }) {
    return db.one(
      sql`select * from admin.change_status(${user_id}::uuid, 'banned', null, ${reason}::text)`,
      Standing,
    );
  },
});

export const handler = http(banAccount);
