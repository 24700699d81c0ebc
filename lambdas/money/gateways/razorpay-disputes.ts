import * as z from 'zod/mini';
import type { GatewayDispute } from './gateway.ts';
import type { Razorpay } from './razorpay-client.ts';

const Dispute = z.object({
  id: z.string(),
  payment_id: z.string(),
  amount: z.int(),
  currency: z.string(),
  /** Nought until the dispute is lost. */
  amount_deducted: z.int(),
  reason_code: z.string(),
  respond_by: z.nullable(z.int()),
  status: z.string(),
});

const STATUSES: Readonly<Record<string, GatewayDispute['status']>> = {
  open: 'needs_response',
  under_review: 'under_review',
  won: 'won',
  lost: 'lost',
  // A question about a fraud that ended: the money stayed.
  closed: 'won',
};

/** Reads a dispute (razorpay.com/docs/api/disputes). It names a payment, and we know a payment by its order. */
export async function readRazorpayDispute(api: Razorpay, reference: string): Promise<GatewayDispute> {
  const dispute = await api.call('GET', `disputes/${reference}`, Dispute);
  const payment = await api.call('GET', `payments/${dispute.payment_id}`, z.object({ order_id: z.string() }));
  const { id, amount, currency, amount_deducted, reason_code, respond_by, status } = dispute;
  return {
    reference: id,
    payment_reference: payment.order_id,
    amount,
    currency,
    status: STATUSES[status] ?? 'under_review',
    reason: reason_code,
    due_by: respond_by ? new Date(respond_by * 1000) : null,
    withdrawn_amount: amount_deducted,
    fee: null,
  };
}
