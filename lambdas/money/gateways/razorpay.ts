import * as z from 'zod/mini';
import { exponentOf } from '../currencies.ts';
import {
  type Charge,
  type Gateway,
  type GatewayPayment,
  type GatewayRefund,
  GatewayRejected,
} from './gateway.ts';
import { openRazorpay, type Razorpay } from './razorpay-client.ts';
import { readRazorpayDispute } from './razorpay-disputes.ts';
import { mandateClient, mandateOf } from './razorpay-mandates.ts';
import {
  isOf,
  Order,
  Orders,
  type Payment,
  Payments,
  paymentOf,
  Refund,
  Refunds,
  refundOf,
} from './razorpay-objects.ts';
import { readRazorpayEvent, verifyCheckout } from './razorpay-signatures.ts';

/** Minutes for which Razorpay keeps what is reserved and not captured, at most five days; then it gives the money back. */
const KEPT = 7200;

/**
 * Razorpay (razorpay.com/docs/api): a payment is an order, whose id is the reference; the person's tries are payments of it, of
 * which one at most succeeds. Our key is the order's receipt, which Razorpay takes once.
 *
 * What is reserved can only be captured whole, and cannot be given back by a call: `cancel` leaves that to Razorpay's deadline.
 *
 * @param patience milliseconds that one call may take
 */
export function razorpay(marketplace: string, patience?: number): Gateway {
  const open = () => openRazorpay(marketplace, patience);

  async function look(api: Razorpay, reference: string) {
    const [order, payments] = await Promise.all([
      api.call('GET', `orders/${reference}`, Order),
      api.call('GET', `orders/${reference}/payments`, Payments),
    ]);
    return { order, payments: payments.items };
  }

  async function read(reference: string): Promise<GatewayPayment> {
    const api = await open();
    const { order, payments } = await look(api, reference);
    return paymentOf(order, payments, api.keys);
  }

  return {
    name: 'razorpay',
    async create(charge) {
      const api = await open();
      const order = await api.call('POST', 'orders', Order, { body: orderOf(charge, marketplace) });
      if (order.amount !== charge.amount || order.currency !== charge.currency)
        throw new GatewayRejected('razorpay', 'key_reused', 'Another payment has the same key.');
      if (!charge.payment_method) return opened(paymentOf(order, [], api.keys), charge);
      const before = await look(api, order.id);
      if (before.payments.length === 0) await chargeToken(api, order.id, charge);
      return read(order.id);
    },
    read,
    async find(key) {
      const api = await open();
      const query = new URLSearchParams({ receipt: key });
      const { items } = await api.call('GET', `orders?${query}`, Orders);
      return items[0] ? read(items[0].id) : null;
    },
    async capture(reference, amount) {
      const api = await open();
      const { order, payments } = await look(api, reference);
      const payment = payments.find(isHeld);
      if (!payment) return paymentOf(order, payments, api.keys);
      const body = { amount, currency: payment.currency };
      await api.call('POST', `payments/${payment.id}/capture`, undefined, { body });
      return read(reference);
    },
    async cancel(reference) {
      const payment = await read(reference);
      const isOpen = payment.status !== 'captured' && payment.status !== 'processing';
      return isOpen ? { ...payment, status: 'cancelled' } : payment;
    },
    async refund(reference, amount, key): Promise<GatewayRefund> {
      const api = await open();
      const { payments } = await look(api, reference);
      const payment = payments.find(({ captured }) => captured);
      if (!payment) throw new GatewayRejected('razorpay', 'not_captured', 'There is nothing to refund.');
      // How long Razorpay remembers a key it does not say; its refund keeps it.
      const made = await api.call('GET', `payments/${payment.id}/refunds?count=100`, Refunds);
      const known = made.items.find(item => isOf(key, item));
      if (known) return refundOf(known);
      const refund = await api.call('POST', `payments/${payment.id}/refund`, Refund, {
        body: { amount, receipt: key, notes: { key, marketplace } },
        headers: { 'x-refund-idempotency': key },
      });
      return refundOf(refund);
    },
    async readRefund(reference) {
      return refundOf(await (await open()).call('GET', `refunds/${reference}`, Refund));
    },
    async readDispute(reference) {
      return readRazorpayDispute(await open(), reference);
    },
    async confirm(input) {
      return verifyCheckout((await open()).keys, input);
    },
    async webhook(rawBody, headers) {
      return readRazorpayEvent((await open()).keys, rawBody, headers);
    },
  };
}

const isHeld = ({ status }: Payment) => status === 'authorized';

/** A payment that nobody has begun, as the checkout is given it. */
function opened(payment: GatewayPayment, { keep, customer }: Charge): GatewayPayment {
  if (!keep || !customer.reference) return payment;
  return { ...payment, client: { ...payment.client, ...mandateClient(customer.reference, keep) } };
}

function orderOf(charge: Charge, marketplace: string) {
  const { key, amount, currency, description, capture, metadata, keep, customer } = charge;
  // Of three decimals the card networks settle two.
  if (exponentOf(currency) === 3 && amount % 10 !== 0)
    throw new GatewayRejected('razorpay', 'invalid_amount', `${amount} of ${currency} cannot be charged.`);
  return {
    amount,
    currency,
    receipt: key,
    ...(keep && customer.reference ? mandateOf(customer.reference, keep) : {}),
    // A repeated receipt finds the order that has it.
    unique_receipt: true,
    payment: {
      capture: capture === 'later' ? 'manual' : 'automatic',
      capture_options: {
        automatic_expiry_period: KEPT,
        manual_expiry_period: KEPT,
        refund_speed: 'normal',
      },
    },
    notes: { ...metadata, key, marketplace, description },
  };
}

/**
 * Charges a token that the person left for later (razorpay.com/docs, recurring payments, subsequent payments). Razorpay tells the person
 * first, as the Reserve Bank wants a day before, and debits after 25 hours (UPI) or 36 (cards): until then the payment is `created`. It
 * wants the contacts of the person, which are those that it knows.
 */
async function chargeToken(api: Razorpay, order: string, charge: Charge): Promise<void> {
  const { amount, currency, customer, description, payment_method, key } = charge;
  if (!customer.reference)
    throw new GatewayRejected('razorpay', 'customer_missing', 'A token is charged with its customer.');
  const Contacts = z.object({ email: z.nullable(z.string()), contact: z.nullable(z.string()) });
  const { email, contact } = await api.call('GET', `customers/${customer.reference}`, Contacts);
  await api.call('POST', 'payments/create/recurring', undefined, {
    body: {
      amount,
      currency,
      order_id: order,
      customer_id: customer.reference,
      email,
      contact,
      token: payment_method,
      recurring: '1',
      description,
      notes: { key },
    },
  });
}
