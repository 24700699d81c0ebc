import type { Stripe } from 'stripe';
import {
  type Charge,
  type Gateway,
  type GatewayDispute,
  type GatewayPayment,
  type GatewayRefund,
  GatewayRejected,
  type GatewayStatus,
  GatewayUnavailable,
  responseOf,
} from './gateway.ts';
import { fromStripe, toStripe } from './stripe-amounts.ts';
import { openStripe, type StripeAccount, translated } from './stripe-client.ts';
import { readStripeEvent } from './stripe-events.ts';

/** What an answer must bring for its fee and its refunds to be known. */
const EXPAND = ['latest_charge.balance_transaction'];

/**
 * Stripe by its official library (docs.stripe.com): a payment is a PaymentIntent, whose id is the reference. Stripe keeps an
 * idempotency key for 24 hours at least.
 *
 * @param patience milliseconds that one call may take
 */
export function stripe(marketplace: string, patience?: number): Gateway {
  const run = <T>(use: (account: StripeAccount) => Promise<T>) =>
    translated(async () => use(await openStripe(marketplace, patience)));
  const retrieve = ({ stripe }: StripeAccount, reference: string) =>
    stripe.paymentIntents.retrieve(reference, { expand: EXPAND });

  return {
    name: 'stripe',
    create: charge =>
      run(async account => {
        const params = paramsOf(charge, marketplace);
        const intent = await account.stripe.paymentIntents.create(params, { idempotencyKey: charge.key });
        return paymentOf(intent, account);
      }),
    read: reference => run(async account => paymentOf(await retrieve(account, reference), account)),
    find: key =>
      run(async account => {
        const query = `metadata['key']:'${key}'`;
        const expand = EXPAND.map(path => `data.${path}`);
        const { data } = await account.stripe.paymentIntents.search({ query, limit: 1, expand });
        return data[0] ? paymentOf(data[0], account) : null;
      }),
    capture: (reference, amount, key) =>
      run(async account => {
        const intent = await retrieve(account, reference);
        if (intent.status === 'succeeded') return paymentOf(intent, account);
        const params = { amount_to_capture: toStripe(amount, currencyOf(intent)), expand: EXPAND };
        const options = { idempotencyKey: key };
        return paymentOf(await account.stripe.paymentIntents.capture(reference, params, options), account);
      }),
    cancel: async (reference, key) => {
      try {
        return await run(async account => {
          const options = { idempotencyKey: key };
          return paymentOf(await account.stripe.paymentIntents.cancel(reference, {}, options), account);
        });
      } catch (error) {
        // It was cancelled before, or captured meanwhile.
        if (!(error instanceof GatewayRejected) || error.code !== 'payment_intent_unexpected_state')
          throw error;
        return run(async account => paymentOf(await retrieve(account, reference), account));
      }
    },
    refund: (reference, amount, key) =>
      run(async account => {
        const { stripe } = account;
        const [intent, made] = await Promise.all([
          stripe.paymentIntents.retrieve(reference),
          stripe.refunds.list({ payment_intent: reference, limit: 100 }),
        ]);
        // Stripe forgets a key after a day; its refund keeps it.
        const known = made.data.find(({ metadata }) => metadata?.key === key);
        if (known) return refundOf(known);
        const params = {
          payment_intent: reference,
          amount: toStripe(amount, currencyOf(intent)),
          metadata: { key, marketplace },
        };
        return refundOf(await stripe.refunds.create(params, { idempotencyKey: key }));
      }),
    readRefund: reference => run(async ({ stripe }) => refundOf(await stripe.refunds.retrieve(reference))),
    readDispute: reference => run(async ({ stripe }) => disputeOf(await stripe.disputes.retrieve(reference))),
    webhook: async (rawBody, headers) =>
      readStripeEvent(await openStripe(marketplace), rawBody, headers['stripe-signature'] ?? ''),
  };
}

function paramsOf(charge: Charge, marketplace: string): Stripe.PaymentIntentCreateParams {
  const { customer, payment_method, return_url } = charge;
  return {
    amount: toStripe(charge.amount, charge.currency),
    currency: charge.currency.toLowerCase(),
    description: charge.description,
    capture_method: charge.capture === 'later' ? 'manual' : 'automatic',
    metadata: { ...charge.metadata, key: charge.key, marketplace },
    customer: customer.reference,
    receipt_email: customer.email,
    ...(charge.method
      ? { payment_method_types: [charge.method] }
      : {
          automatic_payment_methods: { enabled: true, ...(return_url ? {} : { allow_redirects: 'never' }) },
        }),
    ...(payment_method ? { payment_method, confirm: true, off_session: true, return_url } : {}),
    expand: EXPAND,
  };
}

const currencyOf = ({ currency }: { currency: string }) => currency.toUpperCase();

const STATUSES: Readonly<Record<Stripe.PaymentIntent['status'], GatewayStatus>> = {
  requires_payment_method: 'requires_action',
  requires_confirmation: 'requires_action',
  requires_action: 'requires_action',
  processing: 'processing',
  requires_capture: 'authorized',
  succeeded: 'captured',
  canceled: 'cancelled',
};

function paymentOf(intent: Stripe.PaymentIntent, { publishable_key }: StripeAccount): GatewayPayment {
  // The library takes any JSON without `error` for an answer, also a failing proxy's.
  if (intent.object !== 'payment_intent')
    throw new GatewayUnavailable('stripe', 'unreadable_answer', 'stripe answered with something else.');
  const { id, status, currency, client_secret, last_payment_error: error } = intent;
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const settled = typeof charge?.balance_transaction === 'object' ? charge.balance_transaction : null;
  const isRefused = status === 'requires_payment_method' && error !== null;
  return {
    reference: id,
    status: isRefused ? 'failed' : (STATUSES[status] ?? 'processing'),
    amount_captured: fromStripe(intent.amount_received, currency),
    amount_refunded: fromStripe(charge?.amount_refunded ?? 0, currency),
    // A fee in the currency of our bank account says nothing about this payment's.
    fee: settled?.currency === currency ? fromStripe(settled.fee, currency) : null,
    failure: isRefused
      ? { code: error.decline_code ?? error.code ?? 'declined', message: error.message ?? '' }
      : null,
    client: { client_secret, publishable_key },
    response: responseTo(intent, charge),
  };
}

function responseTo(intent: Stripe.PaymentIntent, charge: Stripe.Charge | null) {
  const { last_payment_error: error } = intent;
  const method = charge?.payment_method_details;
  return responseOf({
    status: intent.status,
    amount_received: intent.amount_received,
    created: intent.created,
    charge: charge?.id,
    outcome: charge?.outcome?.network_status,
    method: method?.type,
    brand: method?.card?.brand,
    last4: method?.card?.last4,
    error_code: error?.code,
    decline_code: error?.decline_code,
  });
}

function refundOf({ id, status, failure_reason }: Stripe.Refund): GatewayRefund {
  const hasFailed = status === 'failed' || status === 'canceled';
  return {
    reference: id,
    status: hasFailed ? 'failed' : status === 'succeeded' ? 'succeeded' : 'pending',
    failure: hasFailed ? { code: failure_reason ?? 'unknown', message: `The refund was ${status}.` } : null,
  };
}

const DISPUTES: Readonly<Partial<Record<Stripe.Dispute['status'], GatewayDispute['status']>>> = {
  needs_response: 'needs_response',
  warning_needs_response: 'needs_response',
  lost: 'lost',
  won: 'won',
  // An inquiry that ended, or a dispute that Stripe prevented: the money stayed.
  warning_closed: 'won',
  prevented: 'won',
};

function disputeOf(dispute: Stripe.Dispute): GatewayDispute {
  const { id, amount, currency, status, reason, payment_intent, evidence_details } = dispute;
  // What was withdrawn, and what was reinstated. In the currency of our bank account it says nothing about this payment's.
  const moves = dispute.balance_transactions ?? [];
  const isSame = moves.every(move => move.currency === currency);
  const sumOf = (pick: (move: Stripe.BalanceTransaction) => number) =>
    isSame
      ? fromStripe(
          moves.reduce((sum, move) => sum + pick(move), 0),
          currency,
        )
      : null;
  return {
    reference: id,
    payment_reference: typeof payment_intent === 'string' ? payment_intent : (payment_intent?.id ?? ''),
    amount: fromStripe(amount, currency),
    currency: currency.toUpperCase(),
    status: DISPUTES[status] ?? 'under_review',
    reason,
    due_by: evidence_details.due_by ? new Date(evidence_details.due_by * 1000) : null,
    withdrawn_amount: sumOf(move => -move.amount),
    fee: sumOf(move => move.fee),
  };
}
