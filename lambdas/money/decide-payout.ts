import * as z from 'zod/mini';
import { ownAccount } from '../identity/identity.ts';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { StaffPayout } from './payouts.ts';

const Row = z.object({ payout: StaffPayout });

/**
 * Holds a payout back or releases it, also one whose provider is suspended or banned; sends one again that failed, cancels one so that its
 * earnings wait for the next, settles one that staff have paid by themselves, or says what the bank made of one that they have sent. It is
 * audited.
 */
export const decidePayout = useCase({
  route: 'POST /api/v1/admin/payouts/{payout_id}/decisions',
  summary: 'Decide on a payout',
  access: permitted('money.payout'),
  presence: 'second_factor',
  input: z.strictObject({
    payout_id: id('payout'),
    decision: z
      .enum(['hold', 'release', 'retry', 'cancel', 'settle', 'paid', 'failed'])
      .check(z.meta({ examples: ['hold'] })),
    /** Why; of one that was paid or settled, the bank's reference. */
    words: text(1, 200, 'The provider’s identity is being checked.'),
  }),
  output: StaffPayout,
  refusals: {
    own_account: ownAccount,
    transition_not_allowed: refuse(
      'transition_not_allowed',
      409,
      'The payout’s status does not allow this.',
      'decision',
    ),
    payout_sent_by_machine: refuse(
      'payout_sent_by_machine',
      409,
      'Whoever has sent this payout says what becomes of it.',
      'decision',
    ),
    account_closed: refuse('account_closed', 409, 'The provider’s account is closed.'),
  },
  reveal: async row => z.parse(Row, row).payout,
  async run({ payout_id, decision, words }, { db }) {
    const { payout } = await db.one(
      sql`
        select money.shown_staff_payout(p) as payout
        from money.decide_payout(${payout_id}::uuid, ${decision}::text, ${words}::text) as p`,
      Row,
    );
    return payout;
  },
});

export const handler = http(decidePayout);
