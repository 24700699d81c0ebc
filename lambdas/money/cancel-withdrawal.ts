import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Payout } from './payouts.ts';

const Row = z.object({ payout: Payout });

/** Cancels a withdrawal of the caller's that is not on its way, or that the bank has sent back: the money is in the wallet again. */
export const cancelWithdrawal = useCase({
  route: 'POST /api/v1/wallet/withdrawals/{payout_id}/cancel',
  summary: 'Cancel a withdrawal',
  access: signedIn(),
  presence: 'session',
  input: z.strictObject({ payout_id: id('payout') }),
  output: Payout,
  refusals: {
    transition_not_allowed: refuse(
      'transition_not_allowed',
      409,
      'It is on its way, has arrived, or was cancelled before.',
    ),
    account_closed: refuse('account_closed', 409, 'The wallet is closed.'),
  },
  reveal: async row => z.parse(Row, row).payout,
  async run({ payout_id }, { db }) {
    const { payout } = await db.one(
      sql`select payout from money.cancel_withdrawal(${payout_id}::uuid) as payout`,
      Row,
    );
    return payout;
  },
});

export const handler = http(cancelWithdrawal);
