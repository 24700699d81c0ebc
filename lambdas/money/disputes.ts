import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import { gatewayName } from './payments.ts';

export const disputeStatus = z
  .enum(['needs_response', 'under_review', 'won', 'lost'])
  .check(z.meta({ examples: ['needs_response'] }));

/** What a bank wants back: the object of `money.dispute_for_staff`. */
export const Dispute = z.object({
  id: id('dispute'),
  payment_id: id('payment'),
  booking_id: z.nullable(id('booking')),
  user_id: id('user'),
  gateway: gatewayName,
  reference: text(1, 255, 'dp_1Pq2WmCVxZ0'),
  currency,
  amount,
  status: disputeStatus,
  /** The gateway's word. */
  reason: text(1, 100, 'fraudulent'),
  /** Until when the gateway takes evidence, which is handed in there. */
  due_by: z.nullable(instant),
  borne_by: z.enum(['payees', 'platform']).check(z.meta({ examples: ['payees'] })),
  /** What of the amount is withheld from those who had got it. */
  borne_by_payees: amount,
  /** What the gateway has taken from us, and charged for it. */
  withdrawn_amount: amount,
  fee: amount,
  closed_at: z.nullable(instant),
  created_at: instant,
});
