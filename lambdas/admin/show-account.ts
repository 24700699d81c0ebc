import * as z from 'zod/mini';
import { AccountRow, withPhone } from '../identity/identity.ts';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { StaffAccount } from './admin.ts';

const Row = z.object({
  account: z.extend(z.omit(StaffAccount, { phone: true }), {
    phone_sealed: AccountRow.shape.phone_sealed,
    phone_hash: AccountRow.shape.phone_hash,
  }),
});

/** Shows an account to staff, the phone number included. That it was read is audited. */
export const showAccount = useCase({
  route: 'GET /api/v1/admin/users/{user_id}',
  summary: 'Show an account',
  access: permitted('accounts.read'),
  input: z.strictObject({ user_id: id('user') }),
  output: StaffAccount,
  needs: ['sealing'],
  async run({ user_id }, { db }) {
    const { account } = await db.one(sql`select account from admin.show_account(${user_id}::uuid)`, Row);
    return withPhone(account);
  },
});

export const handler = http(showAccount);
