import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import type { Need } from '../kernel/use-case.ts';
import {
  GatewayDeclined,
  type GatewayName,
  type GatewayPayment,
  GatewayRejected,
  type GatewayResponse,
  isGatewayFailure,
} from './gateways/gateway.ts';
import { papers } from './invoices.ts';
import { refundMethod, refundStatus } from './refunds.ts';

export const gatewayName = z
  .enum(['stripe', 'razorpay', 'paytm', 'paymongo', 'bolt'])
  .check(z.meta({ examples: ['stripe'] }));

/** Every gateway: a marketplace's configuration says which are used. */
export const ALL_GATEWAYS: readonly Need[] = [
  'gateway:stripe',
  'gateway:razorpay',
  'gateway:paytm',
  'gateway:paymongo',
  'gateway:bolt',
];

const failure = z.nullable(
  z.object({ code: text(1, 100, 'card_declined'), message: text(0, 500, 'Your card was declined.') }),
);

const Refund = z.object({
  id: id('refund'),
  number: text(1, 20, 'TXN-2026-000002'),
  method: refundMethod,
  amount,
  reason: z.enum(['not_owed', 'paid_too_late', 'by_staff']).check(z.meta({ examples: ['not_owed'] })),
  status: refundStatus,
  created_at: instant,
});

/** A payment as its payer sees it. */
export const Payment = z.object({
  id: id('payment'),
  /** What people read to each other. Refunds have one of the same series. */
  number: text(1, 20, 'TXN-2026-000001'),
  /** What it is for: `booking`, `topup`, `order`, `tip`, `subscription` … */
  purpose: text(1, 40, 'booking'),
  booking_id: z.nullable(id('booking')),
  /** What is paid for where it is no booking. */
  subject_id: z.nullable(id('subject')),
  description: text(1, 200, 'Booking DRV-2026-000001'),
  status: z
    .enum([
      'pending',
      'processing',
      'authorized',
      'succeeded',
      'failed',
      'cancelled',
      'partially_refunded',
      'refunded',
    ])
    .check(z.meta({ examples: ['pending'] })),
  currency,
  amount,
  /** What of the amount the wallet gave, what credits were worth, what the provider is given in cash, and what the gateway is to take. */
  wallet_amount: amount,
  credits_amount: amount,
  cash_amount: amount,
  gateway_amount: amount,
  captured_amount: amount,
  refunded_amount: amount,
  gateway: z.nullable(gatewayName),
  failure,
  refunds: z.array(Refund),
  ...papers,
  authorized_at: z.nullable(instant),
  captured_at: z.nullable(instant),
  failed_at: z.nullable(instant),
  refunded_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

export type Payment = z.output<typeof Payment>;

/** What is told of a try, as `money.record_attempt` takes it. */
export type Report = {
  status?: string;
  reference?: string;
  captured_amount?: number;
  fee?: number | null;
  failure?: { code: string; message: string } | null;
  response?: GatewayResponse;
};

export const reportOf = (payment: GatewayPayment): Report => ({
  status: payment.status,
  reference: payment.reference,
  captured_amount: payment.amount_captured,
  fee: payment.fee,
  failure: payment.failure,
  response: payment.response,
});

/** What a failed call says of a try. Of one whose outcome is unknown it says only why. Throws what is no gateway's. */
export function reportOfError(error: unknown): Report {
  if (!isGatewayFailure(error)) throw error;
  const { code, message, reference } = error;
  const known = { ...(reference ? { reference } : {}), failure: { code, message } };
  if (error instanceof GatewayDeclined)
    return { ...known, status: 'failed', response: { outcome: 'declined', code } };
  if (error instanceof GatewayRejected)
    return { ...known, status: 'rejected', response: { outcome: 'rejected', code } };
  return { ...known, response: { outcome: 'unknown', code } };
}

/** The client of a gateway. Loaded when it is asked for: most calls of a payment's routes need none, or one. */
export async function openGateway(name: GatewayName, marketplace: string) {
  const { gatewayOf } = await import('./gateways/gateways.ts');
  return gatewayOf(name, marketplace);
}
