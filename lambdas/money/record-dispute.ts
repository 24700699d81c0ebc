import * as z from 'zod/mini';
import { ownAccount } from '../identity/identity.ts';
import { amount, id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Dispute, disputeStatus } from './disputes.ts';

/**
 * Records a dispute that a gateway tells of by e-mail and lets nobody read: PayMongo's, Paytm's and Bolt's. What is disputed is withheld
 * as Stripe's and Razorpay's is. Recorded again under its reference it is brought on, to `won` or `lost` in the end. It is audited.
 */
export const recordDispute = useCase({
  route: 'POST /api/v1/admin/payments/{payment_id}/disputes',
  summary: 'Record a dispute that a gateway told of by e-mail',
  access: permitted('money.refund'),
  presence: 'second_factor',
  input: z.strictObject({
    payment_id: id('payment'),
    /** The gateway's, as its e-mail has it. */
    reference: text(1, 255, 'dsp_7HkQmPzW3xVbNcLtRfYs2DgA'),
    status: disputeStatus,
    amount: amount.check(z.minimum(1)),
    reason: text(1, 100, 'fraudulent'),
    due_by: z.optional(instant),
    /** What the gateway has taken from us by now. Absent: the amount, and nothing once the dispute is won. */
    withdrawn_amount: z.optional(amount),
    /** What it charges: PayMongo 800 pesos, which come back with a dispute that is won. */
    fee: z.optional(amount),
  }),
  output: Dispute,
  refusals: {
    own_account: ownAccount,
    payment_not_disputable: refuse(
      'payment_not_disputable',
      409,
      'Nothing of this payment was taken at a gateway, or the dispute is about another one.',
    ),
    dispute_read_at_gateway: refuse(
      'dispute_read_at_gateway',
      409,
      'Disputes of this gateway are read there.',
    ),
    dispute_too_large: refuse('dispute_too_large', 409, 'This is more than what was taken.', 'amount'),
    withdrawn_too_large: refuse(
      'withdrawn_too_large',
      409,
      'This is more than what was taken.',
      'withdrawn_amount',
    ),
  },
  async run({ payment_id, ...report }, { db }) {
    const { dispute } = await db.one(
      sql`select dispute from money.record_dispute_as_staff(${payment_id}::uuid, ${report}::jsonb)`,
      z.object({ dispute: Dispute }),
    );
    return dispute;
  },
});

export const handler = http(recordDispute);
