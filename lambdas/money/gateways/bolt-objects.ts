import * as z from 'zod/mini';
import type { BoltKeys } from './bolt-client.ts';
import { type GatewayPayment, type GatewayRefund, type GatewayStatus, responseOf } from './gateway.ts';

const Amount = z.object({ amount: z.int(), currency: z.string() });

const base = {
  reference: z.string(),
  status: z.string(),
  type: z.optional(z.nullable(z.string())),
  date: z.optional(z.nullable(z.int())),
  from_credit_card: z.optional(
    z.nullable(
      z.object({ network: z.optional(z.nullable(z.string())), last4: z.optional(z.nullable(z.string())) }),
    ),
  ),
  amount: Amount,
  authorization: z.optional(z.nullable(z.object({ reason: z.optional(z.nullable(z.string())) }))),
  credit: z.optional(z.nullable(z.object({ merchant_event_id: z.optional(z.nullable(z.string())) }))),
};

/** A payment, or the refund of one, which is a transaction of its own. Bolt's fields are all nullable. */
export const Transaction = z.object({
  ...base,
  captures: z.optional(z.nullable(z.array(z.object({ amount: Amount, status: z.string() })))),
  order: z.optional(
    z.nullable(
      z.object({ cart: z.optional(z.nullable(z.object({ order_reference: z.optional(z.string()) }))) }),
    ),
  ),
  refund_transactions: z.optional(z.nullable(z.array(z.object(base)))),
  refunded_amount: z.optional(z.nullable(Amount)),
});
type Transaction = z.output<typeof Transaction>;

/** Bolt's references of transactions have three groups of four. */
export const isTransaction = (reference: string) => /^[A-Z0-9]{4}(-[A-Z0-9]{4}){2}$/.test(reference);

const STATUSES: Readonly<Record<string, GatewayStatus>> = {
  created: 'processing',
  in_progress: 'processing',
  // Bolt looks into it for fraud; the money is reserved.
  pending: 'processing',
  authorized: 'authorized',
  completed: 'captured',
  cancelled: 'cancelled',
  failed: 'failed',
  // The merchant may ask again for a reversible one; we do not.
  rejected_reversible: 'failed',
  rejected_irreversible: 'failed',
};

export function paymentOf(
  { reference, status, amount, authorization, captures, refunded_amount, ...said }: Transaction,
  { publishable_key }: BoltKeys,
): GatewayPayment {
  const known = STATUSES[status] ?? 'processing';
  return {
    reference,
    status: known,
    amount_captured: (captures ?? [])
      .filter(capture => capture.status === 'succeeded')
      .reduce((total, { amount }) => total + amount.amount, 0),
    amount_refunded: refunded_amount?.amount ?? 0,
    fee: null,
    failure:
      known === 'failed'
        ? { code: authorization?.reason ?? status, message: `Bolt says that the payment is ${status}.` }
        : null,
    client: { publishable_key },
    response: responseOf({
      status,
      amount: amount.amount,
      type: said.type,
      date: said.date,
      brand: said.from_credit_card?.network,
      last4: said.from_credit_card?.last4,
      reason: authorization?.reason,
    }),
  };
}

export function refundOf({ reference, status }: Pick<Transaction, 'reference' | 'status'>): GatewayRefund {
  const hasFailed = status === 'failed' || status === 'cancelled';
  return {
    reference,
    status: hasFailed ? 'failed' : status === 'completed' ? 'succeeded' : 'pending',
    failure: hasFailed ? { code: status, message: `Bolt says that the refund is ${status}.` } : null,
  };
}
