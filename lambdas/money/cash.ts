import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';

/** What a provider is given in cash for a booking. */
export const Cash = z.object({
  booking_id: id('booking'),
  payment_id: id('payment'),
  cash_amount: amount,
  currency,
  payment_status: text(1, 40, 'pending'),
  /** Null until the provider has confirmed it. */
  received_at: z.nullable(instant),
});
