import * as z from 'zod/mini';
import {
  type Failure,
  type GatewayPayment,
  type GatewayRefund,
  type GatewayStatus,
  responseOf,
} from './gateway.ts';
import type { RazorpayKeys } from './razorpay-client.ts';

/** Razorpay writes a list where there is no note. */
export const notesOf = z.pipe(
  z.optional(z.nullable(z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]))),
  z.transform((notes): Readonly<Record<string, unknown>> => (Array.isArray(notes) ? {} : (notes ?? {}))),
);

export const Order = z.object({
  id: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.string(),
});

export const Orders = z.object({ items: z.array(Order) });

export const Payment = z.object({
  id: z.string(),
  amount: z.int(),
  currency: z.string(),
  status: z.enum(['created', 'authorized', 'captured', 'refunded', 'failed']),
  captured: z.boolean(),
  amount_refunded: z.int(),
  fee: z.nullable(z.int()),
  created_at: z.int(),
  error_code: z.nullable(z.string()),
  error_reason: z.nullable(z.string()),
  error_description: z.nullable(z.string()),
  method: z.optional(z.nullable(z.string())),
  bank: z.optional(z.nullable(z.string())),
  tax: z.optional(z.nullable(z.int())),
  card: z.optional(
    z.nullable(
      z.object({ network: z.optional(z.nullable(z.string())), last4: z.optional(z.nullable(z.string())) }),
    ),
  ),
});
export type Payment = z.output<typeof Payment>;

export const Payments = z.object({ items: z.array(Payment) });

export const Refund = z.object({
  id: z.string(),
  status: z.enum(['pending', 'processed', 'failed']),
  notes: notesOf,
});

export const Refunds = z.object({ items: z.array(Refund) });

/** Whether our key is among its notes. */
export const isOf = (key: string, { notes }: z.output<typeof Refund>) => notes.key === key;

/** An order and the tries to pay it. */
export function paymentOf(
  order: z.output<typeof Order>,
  payments: readonly Payment[],
  { key_id }: RazorpayKeys,
): GatewayPayment {
  const captured = payments.filter(payment => payment.captured);
  const status = statusOf(payments);
  return {
    reference: order.id,
    status,
    amount_captured: sum(captured, ({ amount }) => amount),
    amount_refunded: sum(captured, payment => payment.amount_refunded),
    fee: captured.length > 0 ? sum(captured, ({ fee }) => fee ?? 0) : null,
    failure: status === 'failed' ? failureOf(payments) : null,
    client: { order_id: order.id, key_id, amount: order.amount, currency: order.currency },
    response: responseTo(order, captured[0] ?? lastOf(payments)),
  };
}

function statusOf(payments: readonly Payment[]): GatewayStatus {
  if (payments.some(({ captured }) => captured)) return 'captured';
  const statuses = new Set(payments.map(({ status }) => status));
  if (statuses.has('authorized')) return 'authorized';
  if (statuses.has('created')) return 'processing';
  // Refunded and never captured: nobody captured it in time.
  if (statuses.has('refunded')) return 'cancelled';
  return statuses.has('failed') ? 'failed' : 'requires_action';
}

function responseTo(order: z.output<typeof Order>, payment: Payment | undefined) {
  return responseOf({
    order_status: order.status,
    payment: payment?.id,
    status: payment?.status,
    amount: payment?.amount,
    fee: payment?.fee,
    tax: payment?.tax,
    created_at: payment?.created_at,
    method: payment?.method,
    bank: payment?.bank,
    brand: payment?.card?.network,
    last4: payment?.card?.last4,
    error_code: payment?.error_code,
    error_reason: payment?.error_reason,
  });
}

const lastOf = (payments: readonly Payment[]) =>
  payments.reduce<Payment | undefined>(
    (one, other) => (one && one.created_at > other.created_at ? one : other),
    undefined,
  );

/** Of the last try. */
function failureOf(payments: readonly Payment[]): Failure {
  const last = lastOf(payments);
  return {
    code: last?.error_reason ?? last?.error_code ?? 'payment_failed',
    message: last?.error_description ?? '',
  };
}

const sum = (payments: readonly Payment[], amountOf: (payment: Payment) => number) =>
  payments.reduce((total, payment) => total + amountOf(payment), 0);

export function refundOf({ id, status }: z.output<typeof Refund>): GatewayRefund {
  return {
    reference: id,
    status: status === 'processed' ? 'succeeded' : status,
    failure: status === 'failed' ? { code: 'refund_failed', message: 'The bank did not take it.' } : null,
  };
}
