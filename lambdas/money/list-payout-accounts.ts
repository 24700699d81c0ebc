import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PayoutAccount } from './payouts.ts';

/** Lists where the caller is paid to, the newest first: the first that can be used gets the next payout. */
export const listPayoutAccounts = useCase({
  route: 'GET /api/v1/payout-accounts',
  summary: 'List where I am paid to',
  access: signedIn(),
  input: z.strictObject({}),
  output: z.object({ items: z.array(PayoutAccount) }),
  run: async (_input, { db, actor }) => ({
    items: await db.many(
      sql`
        select id, kind, country, currency, status, bank_name, account_name, '••••' || last4 as account_number, missing,
               disabled_reason, usable_from, created_at
        from money.payout_accounts where user_id = ${actor}::uuid and status <> 'removed' order by id desc`,
      PayoutAccount,
    ),
  }),
});

export const handler = http(listPayoutAccounts);
