import { Stripe } from 'stripe';
import * as z from 'zod/mini';
import { environment } from '../../kernel/environment.ts';
import { log } from '../../kernel/log.ts';
import { Account } from './account.ts';
import { GatewayDeclined, GatewayRejected, GatewayUnavailable } from './gateway.ts';
import { PATIENCE } from './send.ts';

// Import this file when it is needed: the library is large.

const account = new Account(
  'stripe',
  'MONEY_STRIPE_SECRET_ARN',
  z.object({
    secret_key: z.string(),
    publishable_key: z.string(),
    webhook_secret: z.string(),
    /** Signs what happens at connected accounts: Stripe has an endpoint of its own for them. */
    connect_webhook_secret: z.optional(z.string()),
  }),
);

export type StripeAccount = Awaited<ReturnType<typeof account.of>> & { stripe: Stripe };

/** The official library on the marketplace's account. @param patience milliseconds that one call may take */
export async function openStripe(marketplace: string, patience = PATIENCE): Promise<StripeAccount> {
  const keys = await account.of(marketplace);
  const { protocol, hostname, port } = new URL(environment('STRIPE_API_URL'));
  const stripe = new Stripe(keys.secret_key, {
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    port: port || undefined,
    timeout: patience,
    httpClient: Stripe.createFetchHttpClient(),
    // The queue repeats, with the same key and after a longer pause.
    maxNetworkRetries: 0,
    telemetry: false,
  });
  return { ...keys, stripe };
}

/** Runs calls of the library and translates what it throws. */
export async function translated<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof Stripe.errors.StripeError ? translate(error) : error;
  }
}

function translate(error: InstanceType<typeof Stripe.errors.StripeError>): Error {
  const { code, message, statusCode, payment_intent } = error;
  const options = { cause: error, reference: payment_intent?.id ?? null };
  switch (error.type) {
    case 'StripeCardError':
      return new GatewayDeclined('stripe', error.decline_code ?? code ?? 'declined', message, options);
    case 'StripeInvalidRequestError':
    case 'StripePermissionError':
    case 'StripeIdempotencyError':
      return new GatewayRejected('stripe', code ?? error.rawType ?? 'rejected', message, options);
    case 'StripeAuthenticationError':
      account.forget();
      log.error('a gateway refused our credentials', { gateway: 'stripe' });
      return new GatewayUnavailable(
        'stripe',
        'credentials',
        'stripe does not know our credentials.',
        options,
      );
    case 'StripeConnectionError':
      return new GatewayUnavailable('stripe', lateOrLost(error), 'stripe did not answer.', options);
    default:
      return new GatewayUnavailable(
        'stripe',
        `http_${statusCode}`,
        `stripe answered ${statusCode}.`,
        options,
      );
  }
}

/** The library tells a time-out from a lost connection by its sentence only. */
const lateOrLost = ({ message }: Error) => (message.includes('timeout') ? 'timeout' : 'network');
