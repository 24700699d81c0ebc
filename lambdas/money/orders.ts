import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import { subjectStatus } from './money.ts';

/** An order as its customer sees it: the row of `money.orders`. */
export const Order = z.object({
  id: id('order'),
  description: text(1, 200, 'Two sessions of cold plunge'),
  /** The payment at Bolt. */
  bolt_checkout_id: z.nullable(text(1, 255, 'BOLT-7R4N-X0')),
  amount,
  currency,
  /** What of the amount is the fee for setting up, which a customer pays with the first order. */
  setup_fee_applied: amount,
  items: z.array(
    z.object({
      code: text(1, 60, 'session'),
      payer: text(1, 20, 'customer'),
      payee: text(1, 20, 'platform'),
      amount,
    }),
  ),
  status: subjectStatus,
  /** Among it `subscription_id` and `payment_method`. */
  metadata: z
    .record(z.string(), z.unknown())
    .check(z.meta({ examples: [{ payment_method: 'card_ending_1234' }] })),
  /** Given up before it was paid. */
  cancelled_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});
