import type { Stripe } from 'stripe';
import { GatewayRejected } from './gateway.ts';
import type { Methods, SavedMethod } from './methods.ts';
import { openStripe, type StripeAccount, translated } from './stripe-client.ts';

/**
 * Cards and other methods at Stripe (docs.stripe.com/payments/save-and-reuse). Needs `gateway:stripe`.
 *
 * @param patience milliseconds that one call may take
 */
export function stripeMethods(marketplace: string, patience?: number): Methods {
  const run = <T>(use: (account: StripeAccount) => Promise<T>) =>
    translated(async () => use(await openStripe(marketplace, patience)));

  return {
    createCustomer: person =>
      run(async ({ stripe }) => {
        const { reference, email, name, key } = person;
        const params = { email, name, metadata: { reference, marketplace } };
        return { reference: (await stripe.customers.create(params, { idempotencyKey: key })).id };
      }),

    startSetup: (customer, key) =>
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

    list: customer =>
      run(async ({ stripe }) => {
        const { data } = await stripe.customers.listPaymentMethods(customer, { limit: 100 });
        return data.map(methodOf);
      }),

    detach: (customer, method) =>
      run(async ({ stripe }) => {
        const { customer: owner } = await stripe.paymentMethods.retrieve(method);
        if (owner !== customer) throw new GatewayRejected('stripe', 'not_theirs', 'It is another person’s.');
        await stripe.paymentMethods.detach(method);
      }),

    async forget(customer) {
      try {
        return (await run(({ stripe }) => stripe.customers.del(customer))).deleted;
      } catch (error) {
        // It was forgotten before, and the answer was lost.
        if (error instanceof GatewayRejected && error.code === 'resource_missing') return true;
        throw error;
      }
    },
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
