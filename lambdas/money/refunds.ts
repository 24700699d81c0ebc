import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';

/** A code of the payment's lines, such as `parking`. */
export const lineCode = text(1, 60, 'parking');

/** Where money goes back to: where it came from, or the payer's wallet or credits. */
export const backTo = z.enum(['source', 'wallet', 'credits']).check(z.meta({ examples: ['source'] }));

export const refundStatus = z
  .enum(['pending', 'processing', 'succeeded', 'failed'])
  .check(z.meta({ examples: ['succeeded'] }));

/** `cash` is handed back by whoever has it. */
export const refundMethod = z
  .enum(['gateway', 'wallet', 'credits', 'cash'])
  .check(z.meta({ examples: ['gateway'] }));

/** What staff gave back of a payment. */
export const StaffRefund = z.object({
  id: id('refund'),
  payment_id: id('payment'),
  currency,
  /** What the payer does not pay for any more. */
  amount,
  /** What of it goes back now. The rest had not been taken yet, and will not be. */
  returned_amount: amount,
  to: backTo,
  reason: text(1, 500, 'The driveway was blocked for half of the time.'),
  created_by: id('user'),
  items: z.array(
    z.object({
      line: lineCode,
      payee: text(1, 20, 'provider'),
      amount: z.int().check(z.meta({ examples: [500] })),
    }),
  ),
  /** Each way in which it goes back. Through a gateway it takes its time. */
  refunds: z.array(z.object({ id: id('refund'), method: refundMethod, amount, status: refundStatus })),
  created_at: instant,
});

/** Refusals of whoever gives money back. */
export const refundRefusals = {
  own_payment: refuse('own_payment', 409, 'Nobody does this to a payment that is theirs or that they got.'),
  account_closed: refuse('account_closed', 409, 'The account that it would go to is closed.', 'to'),
};
