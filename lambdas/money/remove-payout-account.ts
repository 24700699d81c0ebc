import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PayoutAccount } from './payouts.ts';

/** Removes an account of the caller's, and its sealed details. What was paid to it still names its last digits. */
export const removePayoutAccount = useCase({
  route: 'DELETE /api/v1/payout-accounts/{payout_account_id}',
  summary: 'Remove where I am paid to',
  access: signedIn(),
  input: z.strictObject({ payout_account_id: id('payout_account') }),
  output: PayoutAccount,
  refusals: {
    payout_under_way: refuse('payout_under_way', 409, 'A payout is on its way to this account.'),
  },
  run: ({ payout_account_id }, { db }) =>
    db.one(
      sql`
        select a.*, '••••' || a.last4 as account_number
        from money.remove_payout_account(${payout_account_id}::uuid) as a`,
      PayoutAccount,
    ),
});

export const handler = http(removePayoutAccount);
