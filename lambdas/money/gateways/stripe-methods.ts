import type { Stripe } from 'stripe';
import { GatewayRejected } from './gateway.ts';
import { openStripe, type StripeAccount, translated } from './stripe-client.ts';

/**
 * Cards and other methods that people leave at Stripe for later (docs.stripe.com/payments/save-and-reuse). A method's reference is what
 * a charge takes as `payment_method`, with the customer's as `customer.reference`. Needs `gateway:stripe`.
 */

export type SavedMethod = {
  reference: string;
  /** `card`, `us_bank_account` … */
  type: string;
  brand: string | null;
  last4: string | null;
  expires: { month: number; year: number } | null;
};

/** @param patience milliseconds that one call may take */
export function stripeMethods(marketplace: string, patience?: number) {
  const run = <T>(use: (account: StripeAccount) => Promise<T>) =>
    translated(async () => use(await openStripe(marketplace, patience)));

  return {
    /** Makes a person known to Stripe. @param person `reference` is our id */
    createCustomer: (person: { reference: string; email?: string; name?: string; key: string }) =>
      run(async ({ stripe }) => {
        const { reference, email, name, key } = person;
        const params = { email, name, metadata: { reference, marketplace } };
        return { reference: (await stripe.customers.create(params, { idempotencyKey: key })).id };
      }),

    /** Lets the app ask for a method and keep it, to be charged without the person. */
    startSetup: (customer: string, key: string) =>
      run(async ({ stripe, publishable_key }) => {
        const params: Stripe.SetupIntentCreateParams = {
          customer,
          usage: 'off_session',
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          metadata: { key, marketplace },
        };
        const { id, client_secret } = await stripe.setupIntents.create(params, { idempotencyKey: key });
        return { reference: id, client: { client_secret, publishable_key } };
      }),

    /** The methods that a person keeps, newest first, up to 100. */
    list: (customer: string) =>
      run(async ({ stripe }) => {
        const { data } = await stripe.customers.listPaymentMethods(customer, { limit: 100 });
        return data.map(methodOf);
      }),

    /** Throws GatewayRejected `not_theirs` where it is another person's. */
    detach: (customer: string, method: string) =>
      run(async ({ stripe }) => {
        const { customer: owner } = await stripe.paymentMethods.retrieve(method);
        if (owner !== customer) throw new GatewayRejected('stripe', 'not_theirs', 'It is another person’s.');
        await stripe.paymentMethods.detach(method);
      }),
  };
}

function methodOf({ id, type, card, us_bank_account }: Stripe.PaymentMethod): SavedMethod {
  return {
    reference: id,
    type,
    brand: card?.brand ?? us_bank_account?.bank_name ?? null,
    last4: card?.last4 ?? us_bank_account?.last4 ?? null,
    expires: card ? { month: card.exp_month, year: card.exp_year } : null,
  };
}
