import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Payout } from './payouts.ts';

const Row = z.object({ payout: Payout });

/**
 * Takes money that is the caller's own out of their wallet, to where they are paid to. It is a payout like others: what the bank sends
 * back waits to be sent again, or is cancelled and in the wallet once more. What was topped up stays, unless the marketplace lets it go.
 */
export const withdrawMoney = useCase({
  route: 'POST /api/v1/wallet/withdrawals',
  summary: 'Take money out of my wallet',
  access: signedIn(),
  presence: 'session',
  input: z.strictObject({
    /** In the minor unit of the marketplace's currency. */
    amount: count(1, 1_000_000_000, 25_000),
  }),
  output: Payout,
  status: 201,
  refusals: {
    withdrawal_amount: refuse(
      'withdrawal_amount',
      422,
      'This is less than the setting wallet_withdrawal_min allows, or than the payout costs.',
      'amount',
    ),
    withdrawal_limit: refuse(
      'withdrawal_limit',
      409,
      'In 24 hours nobody takes out more than the setting wallet_withdrawal_max says.',
      'amount',
    ),
    not_withdrawable: refuse(
      'not_withdrawable',
      409,
      'So much of the wallet may not be taken out: it is not there, or was topped up to be spent here.',
      'amount',
    ),
    no_payout_account: refuse(
      'no_payout_account',
      409,
      'Nowhere to pay to: add an account for payouts first, and wait until it can be used.',
    ),
    money_owed: refuse('money_owed', 409, 'Pay what is owed first.'),
    balances_overdraft_check: refuse(
      'not_withdrawable',
      409,
      'The wallet holds less than that now.',
      'amount',
    ),
    account_closed: refuse('account_closed', 409, 'The wallet is closed.'),
  },
  reveal: async row => z.parse(Row, row).payout,
  async run({ amount }, { db }) {
    const { payout } = await db.one(sql`select payout from money.withdraw(${amount}::bigint) as payout`, Row);
    return payout;
  },
});

export const handler = http(withdrawMoney);
