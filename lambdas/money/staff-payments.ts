import * as z from 'zod/mini';
import { amount, currency, flag, id, instant, text } from '../kernel/fields.ts';
import { balance, signedAmount } from './money.ts';
import { gatewayName, Payment } from './payments.ts';

const { failure } = Payment.shape;
const reference = z.nullable(text(1, 255, 'pi_3Pq2WmCVxZ0'));
const status = text(1, 40, 'captured');

/** A payment as staff see it in a list. */
export const StaffPayment = z.extend(z.omit(Payment, { refunds: true }), {
  payer_id: id('user'),
  capture: z.enum(['now', 'later']).check(z.meta({ examples: ['later'] })),
  /** What is owed in the end. Null while that is open. */
  due_amount: z.nullable(amount),
});

const Attempt = z.object({
  id: id('attempt'),
  gateway: gatewayName,
  reference,
  /** The newest, which counts. */
  is_current: flag,
  status,
  amount,
  captured_amount: amount,
  /** What the gateway keeps, where it says so. */
  fee: z.nullable(signedAmount),
  failure,
  /** What the gateway has answered last: states, ids, amounts, the kind of method, times. */
  gateway_response: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .check(z.meta({ examples: [{ status: 'succeeded', method: 'card', brand: 'visa', last4: '4242' }] })),
  created_at: instant,
  updated_at: instant,
});

const Refund = z.object({
  id: id('refund'),
  attempt_id: z.nullable(id('attempt')),
  method: text(1, 40, 'gateway'),
  amount,
  reason: text(1, 200, 'not_owed'),
  status,
  reference,
  failure,
  created_at: instant,
  updated_at: instant,
});

const Transfer = z.object({
  id: id('transfer'),
  type: text(1, 40, 'release'),
  description: text(1, 200, 'Booking DRV-2026-000001'),
  reverses: z.nullable(id('transfer')),
  created_by: z.nullable(id('user')),
  created_at: instant,
  entries: z.array(
    z.object({
      account: text(1, 40, 'provider_payable'),
      /** Null for the platform's own. */
      user_id: z.nullable(id('user')),
      gateway: z.nullable(text(1, 40, 'stripe')),
      currency,
      /** Positive where the account gets more. */
      amount: signedAmount,
    }),
  ),
});

/** A payment with every try at a gateway, every refund, and the ledger's latest hundred transfers of it, the oldest first. */
export const StaffPaymentDetail = z.extend(StaffPayment, {
  due_items: z.array(
    z
      .record(z.string(), z.unknown())
      .check(z.meta({ examples: [{ payer: 'customer', payee: 'provider', amount: 1000 }] })),
  ),
  attempts: z.array(Attempt),
  refunds: z.array(Refund),
  transfers: z.array(Transfer),
});

/** An account of a person. Positive is owed to them, negative they owe. */
export const StaffAccount = z.object({
  id: id('account'),
  kind: text(1, 40, 'provider_payable'),
  currency,
  balance,
  total_in: balance,
  total_out: balance,
  /** A closed account neither takes nor gives. */
  is_active: flag,
  moved_at: instant,
});

/** A line of an account's statement. */
export const StaffEntry = z.object({
  /** Of the transfer. */
  id: id('transfer'),
  type: text(1, 40, 'release'),
  currency,
  amount: signedAmount,
  balance_after: balance,
  description: text(1, 200, 'Booking DRV-2026-000001'),
  reference_type: z.nullable(text(1, 40, 'payment')),
  reference_id: z.nullable(id('reference')),
  created_by: z.nullable(id('user')),
  created_at: instant,
});
