import * as z from 'zod/mini';
import { count, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import { gatewayName } from './payments.ts';

/** What a person keeps at a gateway to be charged: the row of `money.payment_methods`. */
export const PaymentMethod = z.object({
  id: id('payment_method'),
  gateway: gatewayName,
  type: text(1, 40, 'card'),
  brand: z.nullable(text(1, 60, 'visa')),
  last4: z.nullable(text(4, 4, '4242')),
  expires_month: z.nullable(count(1, 12, 12)),
  expires_year: z.nullable(count(2000, 2200, 2034)),
  /** What is charged where none is named. */
  is_default: flag,
  created_at: instant,
});

export const PaymentMethods = z.object({ items: z.array(PaymentMethod) });

/** Stripe alone lets a person leave a method without paying: at the others they give one with each payment. */
export const savingUnsupported = refuse(
  'saving_unsupported',
  422,
  'The gateways of this marketplace keep no payment methods for later.',
);

export const gatewayUnavailable = refuse(
  'gateway_unavailable',
  409,
  'The gateway does not answer. Try again in a moment.',
);

/** The methods at Stripe. The library is loaded when it is asked for. */
export async function openMethods(marketplace: string) {
  const { stripeMethods } = await import('./gateways/stripe-methods.ts');
  return stripeMethods(marketplace);
}
