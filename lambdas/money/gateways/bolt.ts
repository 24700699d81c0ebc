import * as z from 'zod/mini';
import { type Bolt, openBolt } from './bolt-client.ts';
import { isTransaction, paymentOf, refundOf, Transaction } from './bolt-objects.ts';
import { readBoltEvent } from './bolt-signatures.ts';
import {
  type Charge,
  type Gateway,
  GatewayDeclined,
  type GatewayPayment,
  SignatureError,
} from './gateway.ts';

/**
 * Bolt (help.bolt.com/api-bolt): the app opens Bolt's checkout with the token of an order, and Bolt makes a transaction when the
 * person pays. Until then the reference is our key; a webhook or the app's callback brings the transaction's, which must be kept in
 * its place. Whether the checkout takes the money or only reserves it is a setting of the account at Bolt. Bolt keeps an idempotency key for 24 hours; later our key is found in the transaction.
 *
 * @param patience milliseconds that one call may take
 */
export function bolt(marketplace: string, patience?: number): Gateway {
  const open = () => openBolt(marketplace, patience);
  const look = (api: Bolt, reference: string) =>
    api.call('GET', `transactions/${encodeURIComponent(reference)}`, Transaction);

  async function read(reference: string): Promise<GatewayPayment> {
    const api = await open();
    // Of an order that nobody paid there is nothing to ask.
    if (!isTransaction(reference)) return unpaid(reference, api, null);
    return paymentOf(await look(api, reference), api.keys);
  }

  return {
    name: 'bolt',
    create: async charge =>
      charge.payment_method
        ? authorize(await open(), charge, marketplace)
        : makeOrder(await open(), charge, marketplace),
    read,
    async capture(reference, amount, key) {
      const api = await open();
      const transaction = await look(api, reference);
      if (transaction.status === 'completed') return paymentOf(transaction, api.keys);
      const { currency } = transaction.amount;
      const body = { transaction_reference: reference, amount, currency, merchant_event_id: key };
      await api.call('POST', 'transactions/capture', undefined, { body, key });
      return read(reference);
    },
    async cancel(reference, key) {
      const api = await open();
      if (!isTransaction(reference)) return { ...unpaid(reference, api, null), status: 'cancelled' };
      const { status } = await look(api, reference);
      if (status !== 'authorized' && status !== 'pending') return read(reference);
      const body = { transaction_reference: reference, merchant_event_id: key };
      await api.call('POST', 'transactions/void', undefined, { body, key });
      return read(reference);
    },
    async refund(reference, amount, key) {
      const api = await open();
      const { amount: paid, refund_transactions } = await look(api, reference);
      const made = (refund_transactions ?? []).find(({ credit }) => credit?.merchant_event_id === key);
      if (made) return refundOf(made);
      const body = {
        transaction_reference: reference,
        amount,
        currency: paid.currency,
        merchant_event_id: key,
      };
      return refundOf(await api.call('POST', 'transactions/credit', Transaction, { body, key }));
    },
    readRefund: async reference => refundOf(await look(await open(), reference)),
    async confirm({ transaction_reference: reference = '' }) {
      if (!isTransaction(reference)) throw new SignatureError('bolt', 'there is no transaction');
      const { order } = await look(await open(), reference);
      return { key: order?.cart?.order_reference ?? null, reference };
    },
    async webhook(rawBody, headers) {
      return readBoltEvent((await open()).keys, rawBody, headers['x-bolt-hmac-sha256'] ?? '');
    },
  };
}

const OrderToken = z.object({ token: z.string() });

async function makeOrder(api: Bolt, charge: Charge, marketplace: string): Promise<GatewayPayment> {
  const body = { cart: cartOf(charge, marketplace), channel: 'browser' };
  const { token } = await api.call('POST', 'orders', OrderToken, { body, key: charge.key });
  return unpaid(charge.key, api, token);
}

const Authorized = z.object({ transaction: Transaction });

/** Charges a card that the person keeps at Bolt, without the person. */
async function authorize(api: Bolt, charge: Charge, marketplace: string): Promise<GatewayPayment> {
  const { email, phone } = charge.customer;
  const { transaction } = await api.call('POST', 'transactions/authorize', Authorized, {
    key: charge.key,
    body: {
      cart: cartOf(charge, marketplace),
      credit_card_id: charge.payment_method,
      user_identifier: { email, phone },
      auto_capture: charge.capture === 'now',
      processing_initiator: 'stored_merchant_initiated',
      source: 'direct_payments',
      merchant_event_id: charge.key,
    },
  });
  const payment = paymentOf(transaction, api.keys);
  if (!payment.failure) return payment;
  const { code, message } = payment.failure;
  throw new GatewayDeclined('bolt', code, message, { reference: payment.reference });
}

function cartOf({ key, amount, currency, description, metadata }: Charge, marketplace: string) {
  const item = { reference: key, name: description, unit_price: amount, quantity: 1, total_amount: amount };
  return {
    order_reference: key,
    order_description: description,
    currency,
    total_amount: amount,
    tax_amount: 0,
    items: [item],
    metadata: { ...metadata, key, marketplace },
  };
}

const unpaid = (reference: string, { keys }: Bolt, order_token: string | null): GatewayPayment => ({
  reference,
  status: 'requires_action',
  amount_captured: 0,
  amount_refunded: 0,
  fee: null,
  failure: null,
  client: { order_token, publishable_key: keys.publishable_key },
  response: {},
});
