import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { accountRefusals, Standing } from './admin.ts';

/**
 * Ends a suspension or a ban, undoes a deletion, or ends the wait of a pending account. The account is what it was before: one that
 * waited for its proof waits on. Undoing a deletion takes accounts.ban as well.
 */
export const reinstateAccount = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/restore',
  summary: 'Set an account back',
  access: permitted('accounts.suspend'),
  input: z.strictObject({ user_id: id('user') }),
  output: Standing,
  refusals: {
    ...accountRefusals,
    account_purged: refuse('account_purged', 409, 'This account was deleted too long ago.'),
    users_email_key: refuse('email_taken', 409, 'Somebody has signed up with its e-mail address since.'),
    users_phone_key: refuse('phone_taken', 409, 'Somebody has signed up with its phone number since.'),
  },
  async run({ user_id }, { db }) {
    return db.one(sql`select * from admin.restore_account(${user_id}::uuid)`, Standing);
  },
});

export const handler = http(reinstateAccount);
