import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { count, flag, id, instant, text } from '../kernel/fields.ts';
import { refuse } from '../kernel/refusal.ts';
import type { Need } from '../kernel/use-case.ts';
import type { Methods } from './gateways/methods.ts';
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

/** Gateways that let a person leave a method without paying: at the others they give one with each payment. */
export const keeper = z.enum(['stripe', 'razorpay']);
export type Keeper = z.output<typeof keeper>;

/** What `openMethods` needs. */
export const KEEPERS: readonly Need[] = ['gateway:stripe', 'gateway:razorpay'];

/** Where people leave their methods in a marketplace: at the first of its gateways that keeps any. */
export function keeperOf({ payments: { gateways } }: Marketplace): Keeper | null {
  const name = gateways.find(gateway => z.safeParse(keeper, gateway).success);
  return name ? z.parse(keeper, name) : null;
}

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

export const contactMissing = refuse(
  'contact_missing',
  422,
  'Razorpay announces each debit: add an e-mail address and a phone number first.',
);
export const customerTaken = refuse(
  'customer_taken',
  409,
  'Somebody else pays at the gateway with this e-mail address and phone number.',
);

/** Whom a gateway knows, or is to know: a row of `money.my_gateway_customer`. Its id is the key under which the gateway is told. */
export const Customer = z.object({
  id: z.uuid(),
  reference: z.nullable(z.string()),
  email: z.nullable(z.string()),
  full_name: z.string(),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});
export type Customer = z.output<typeof Customer>;

/** The methods at a gateway. Its client is loaded when it is asked for. */
export async function openMethods(name: Keeper, marketplace: string): Promise<Methods> {
  if (name === 'razorpay')
    return (await import('./gateways/razorpay-methods.ts')).razorpayMethods(marketplace);
  return (await import('./gateways/stripe-methods.ts')).stripeMethods(marketplace);
}
