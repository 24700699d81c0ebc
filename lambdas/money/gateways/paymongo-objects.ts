import * as z from 'zod/mini';
import { type GatewayPayment, type GatewayRefund, type GatewayStatus, responseOf } from './gateway.ts';
import { type PaymongoKeys, toldOf } from './paymongo-client.ts';

export const Method = z.object({ id: z.string() });

export const Refund = z.object({
  id: z.string(),
  attributes: z.object({
    amount: z.int(),
    status: z.enum(['pending', 'processing', 'succeeded', 'failed']),
    metadata: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
  }),
});

const Payment = z.object({
  id: z.string(),
  attributes: z.object({
    amount: z.int(),
    fee: z.int(),
    status: z.string(),
    refunds: z._default(z.array(Refund), []),
    source: z.optional(
      z.nullable(
        z.object({
          type: z.optional(z.nullable(z.string())),
          brand: z.optional(z.nullable(z.string())),
          last4: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
    paid_at: z.optional(z.nullable(z.int())),
  }),
});

const LastError = z.object({
  failed_code: z.optional(z.nullable(z.string())),
  failed_message: z.optional(z.nullable(z.string())),
});

export const Intent = z.object({
  id: z.string(),
  attributes: z.object({
    amount: z.int(),
    currency: z.string(),
    status: z.string(),
    client_key: z.string(),
    next_action: z.optional(z.nullable(z.object({ redirect: z.optional(z.object({ url: z.string() })) }))),
    last_payment_error: z.optional(z.nullable(LastError)),
    payments: z._default(z.array(Payment), []),
  }),
});
type Intent = z.output<typeof Intent>;

/** The payment that the person's money came with: an intent has one at most. */
export const paidOf = ({ attributes }: Intent) =>
  attributes.payments.find(({ attributes: { status } }) => PAID.has(status));

const PAID = new Set(['paid', 'partially_refunded', 'refunded']);

const STATUSES: Readonly<Record<string, GatewayStatus>> = {
  awaiting_payment_method: 'requires_action',
  awaiting_next_action: 'requires_action',
  processing: 'processing',
  awaiting_capture: 'authorized',
  succeeded: 'captured',
  cancelled: 'cancelled',
};

export function paymentOf(intent: Intent, { public_key }: PaymongoKeys): GatewayPayment {
  const { id, attributes } = intent;
  const { status, client_key, next_action, last_payment_error: error } = attributes;
  const payment = paidOf(intent);
  const paid = payment?.attributes;
  const isRefused = status === 'awaiting_payment_method' && !!error;
  const failure = isRefused ? toldOf(error.failed_code ?? 'declined', error.failed_message ?? '') : null;
  return {
    reference: id,
    status: isRefused ? 'failed' : (STATUSES[status] ?? 'processing'),
    amount_captured: paid?.amount ?? 0,
    amount_refunded: (paid?.refunds ?? [])
      .filter(refund => refund.attributes.status !== 'failed')
      .reduce((total, refund) => total + refund.attributes.amount, 0),
    fee: paid?.fee ?? null,
    failure,
    client: {
      payment_intent_id: id,
      client_key,
      public_key,
      redirect_url: next_action?.redirect?.url ?? null,
    },
    response: responseOf({
      status,
      payment: payment?.id,
      payment_status: paid?.status,
      amount: paid?.amount,
      fee: paid?.fee,
      paid_at: paid?.paid_at,
      method: paid?.source?.type,
      brand: paid?.source?.brand,
      last4: paid?.source?.last4,
      error_code: failure?.code,
    }),
  };
}

export function refundOf({ id, attributes: { status } }: z.output<typeof Refund>): GatewayRefund {
  return {
    reference: id,
    status: status === 'processing' ? 'pending' : status,
    failure: status === 'failed' ? { code: 'refund_failed', message: 'The refund failed.' } : null,
  };
}
