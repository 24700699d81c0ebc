import { createHmac, randomBytes } from 'node:crypto';
import type { Fake } from './fake.ts';
import {
  type Call,
  type Fields,
  fieldsOf,
  headerOf,
  marketplaceOf,
  Replays,
  type Reply,
  startProvider,
  textOf,
} from './provider.ts';
import { createDisputes } from './razorpay-disputes.ts';

type Order = Fields & {
  id: string;
  amount: number;
  currency: string;
  receipt: string;
  capture: string;
  notes: Fields;
};
type Payment = {
  id: string;
  order_id: string;
  amount: number;
  currency: string;
  status: string;
  captured: boolean;
  amount_refunded: number;
  fee: number | null;
  [field: string]: unknown;
};
type Refund = Record<string, unknown> & { id: string; payment_id: string; status: string };

/** How tokens begin that no bank lets through. */
const DECLINED_TOKEN = 'token_declined';

/**
 * Razorpay (razorpay.com/docs/api): orders whose receipts are unique, the payments of an order, capture, refunds with an idempotency
 * key, charges of saved tokens, signed webhooks. At `/_pay {"reference", "outcome"}` a person pays an order in the checkout, and what
 * the checkout then gives the app is the answer.
 */
export async function startRazorpay(): Promise<Fake> {
  const keys = {
    key_id: `rzp_test_${randomBytes(7).toString('hex')}`,
    key_secret: randomBytes(12).toString('hex'),
    webhook_secret: randomBytes(12).toString('hex'),
  };
  const authorization = `Basic ${Buffer.from(`${keys.key_id}:${keys.key_secret}`).toString('base64')}`;
  const orders = new Map<string, Order>();
  const payments = new Map<string, Payment>();
  const refunds = new Map<string, Refund>();
  const replays = new Replays();

  const { url, close } = await startProvider(({ announce }) => {
    function tell(event: string, payment: Payment, more: Record<string, Fields> = {}): void {
      const id = newId('');
      const wrapped = Object.entries({ payment: { ...payment }, ...more }).map(([name, entity]) => [
        name,
        { entity: { ...entity } },
      ]);
      const body = JSON.stringify({
        entity: 'event',
        account_id: 'acc_BFQ7uQEaa7j2z7',
        event,
        contains: wrapped.map(([name]) => name),
        payload: Object.fromEntries(wrapped),
        created_at: seconds(),
      });
      const sign = () => ({
        'content-type': 'application/json',
        'x-razorpay-signature': createHmac('sha256', keys.webhook_secret).update(body).digest('hex'),
        'x-razorpay-event-id': id,
      });
      announce({ id, marketplace: marketplaceOf(orders.get(payment.order_id)?.notes), body, sign });
    }

    function createOrder(fields: Fields): Reply {
      const { amount, currency, receipt, notes, unique_receipt, payment } = fields;
      if (typeof amount !== 'number' || !Number.isInteger(amount) || amount < 100)
        return refused('The amount must be atleast INR 1.00', { field: 'amount' });
      if (String(receipt).length > 40)
        return refused('The receipt may not be greater than 40 characters.', { field: 'receipt' });
      const known = [...orders.values()].find(order => order.receipt === receipt);
      if (unique_receipt && known) return ok(shown(known));
      const order = {
        id: newId('order_'),
        amount,
        currency: String(currency),
        receipt: String(receipt ?? ''),
        notes: fieldsOf(notes),
        capture: textOf(fieldsOf(payment).capture) ?? 'automatic',
        created_at: seconds(),
      };
      orders.set(order.id, order);
      return ok(shown(order));
    }

    const disputes = createDisputes(payments, tell);
    const paymentsOf = (order: string) => [...payments.values()].filter(({ order_id }) => order_id === order);

    function shown({ capture: _, ...order }: Order) {
      const tries = paymentsOf(order.id);
      const paid = tries.some(({ captured }) => captured) ? order.amount : 0;
      const status = paid > 0 ? 'paid' : tries.length > 0 ? 'attempted' : 'created';
      const amounts = { amount_paid: paid, amount_due: order.amount - paid };
      return { ...order, entity: 'order', ...amounts, attempts: tries.length, status };
    }

    function pay(order: Order, reason?: string): Payment {
      const payment: Payment = {
        id: newId('pay_'),
        entity: 'payment',
        order_id: order.id,
        amount: order.amount,
        currency: order.currency,
        status: reason ? 'failed' : 'authorized',
        method: 'upi',
        captured: false,
        amount_refunded: 0,
        fee: null,
        tax: null,
        notes: order.notes,
        created_at: seconds(),
        error_code: reason ? 'BAD_REQUEST_ERROR' : null,
        error_reason: reason ?? null,
        error_step: reason ? 'payment_authorization' : null,
        error_description: reason ? 'Your payment was declined by the bank.' : null,
      };
      payments.set(payment.id, payment);
      if (reason) tell('payment.failed', payment);
      else tell('payment.authorized', payment);
      if (!reason && order.capture === 'automatic') take(payment, order);
      return payment;
    }

    function take(payment: Payment, order: Order): void {
      // Two percent, and 18 % tax on it.
      const fee = Math.round(payment.amount * 0.02 * 1.18);
      Object.assign(payment, { status: 'captured', captured: true, fee, tax: Math.round(fee * 0.18) });
      tell('payment.captured', payment);
      tell('order.paid', payment, { order: shown(order) });
    }

    function capture(payment: Payment, { amount, currency }: Fields): Reply {
      const order = orders.get(payment.order_id);
      if (payment.captured || !order) return refused('This payment has already been captured');
      if (payment.status !== 'authorized')
        return refused('Only payments which have been authorized and not yet captured can be captured');
      if (amount !== payment.amount || currency !== payment.currency)
        return refused('Capture amount must be equal to the amount authorized', { field: 'amount' });
      take(payment, order);
      return ok(payment);
    }

    function refund(payment: Payment, { amount, notes, receipt }: Fields): Reply {
      const rest = payment.amount - payment.amount_refunded;
      if (!payment.captured) return refused('The payment status should be captured for action to be taken');
      if (rest === 0) return refused('The payment has been fully refunded already');
      const wanted = typeof amount === 'number' ? amount : rest;
      if (wanted > rest)
        return refused('The refund amount provided is greater than amount captured', { field: 'amount' });
      payment.amount_refunded += wanted;
      if (payment.amount_refunded === payment.amount) payment.status = 'refunded';
      const made: Refund = {
        id: newId('rfnd_'),
        entity: 'refund',
        amount: wanted,
        currency: payment.currency,
        payment_id: payment.id,
        notes,
        receipt,
        status: 'processed',
        created_at: seconds(),
      };
      refunds.set(made.id, made);
      tell('refund.processed', payment, { refund: made });
      return ok(made);
    }

    function charge(fields: Fields): Reply {
      const order = orders.get(textOf(fields.order_id) ?? '');
      if (!order) return refused('The id provided does not exist');
      if (paymentsOf(order.id).some(({ captured }) => captured))
        return refused('Payment already done for this order.');
      const payment = pay(
        order,
        textOf(fields.token)?.startsWith(DECLINED_TOKEN) ? 'payment_declined' : undefined,
      );
      if (payment.status !== 'failed')
        return ok({ razorpay_payment_id: payment.id, razorpay_order_id: order.id });
      return refused('Your payment was declined by the bank.', {
        source: 'issuer_bank',
        step: 'payment_authorization',
        reason: 'payment_declined',
        metadata: { payment_id: payment.id, order_id: order.id },
      });
    }

    function answer(call: Call): Reply {
      if (headerOf(call, 'authorization') !== authorization)
        return {
          status: 401,
          body: { error: { code: 'BAD_REQUEST_ERROR', description: 'Authentication failed' } },
        };
      const fields = fieldsOf(call.text === '' ? {} : JSON.parse(call.text));
      const [, , kind, id = '', verb] = call.path.split('/');
      if (kind === 'orders' && !id && call.method === 'POST') return createOrder(fields);
      if (kind === 'orders' && !id) {
        const receipt = call.query.get('receipt');
        return ok(collection([...orders.values()].filter(order => order.receipt === receipt).map(shown)));
      }
      const order = orders.get(id);
      if (kind === 'orders' && order)
        return ok(verb === 'payments' ? collection(paymentsOf(id)) : shown(order));
      if (call.path === '/v1/payments/create/recurring') return charge(fields);
      const payment = payments.get(id);
      if (kind === 'payments' && payment && verb === 'capture') return capture(payment, fields);
      if (kind === 'payments' && payment && verb === 'refund')
        return replays.once(
          headerOf(call, 'x-refund-idempotency'),
          `${call.path}\n${call.text}`,
          () => refund(payment, fields),
          {
            replayed: reply => reply,
            conflict: () => refused('Different request body sent with the same idempotency key'),
          },
        );
      if (kind === 'payments' && payment && verb === 'refunds')
        return ok(collection([...refunds.values()].filter(({ payment_id }) => payment_id === id)));
      if (kind === 'payments' && payment) return ok(payment);
      if (kind === 'refunds' && refunds.has(id)) return ok(refunds.get(id));
      if (kind === 'disputes' && disputes.find(id)) return ok(disputes.find(id));
      return refused('The id provided does not exist');
    }

    return {
      answer,
      forget: () => replays.forget(),
      /** `succeed`, `decline`, `dispute`, `lapse` (nobody captured it in time); of a refund `fail`; of a dispute `win` or `lose`. */
      pay({ reference, outcome, code }) {
        const refund = refunds.get(String(reference));
        const refunded = payments.get(refund?.payment_id ?? '');
        if (refund && refunded) {
          refund.status = 'failed';
          refunded.amount_refunded -= Number(refund.amount);
          tell('refund.failed', refunded, { refund });
          return ok(refund);
        }
        const disputed = disputes.act(String(reference), outcome);
        if (disputed) return ok(disputed);
        const order = orders.get(String(reference));
        if (!order) return refused('The id provided does not exist');
        if (outcome === 'lapse') {
          for (const payment of paymentsOf(order.id)) payment.status = 'refunded';
          return ok({});
        }
        const payment = pay(order, outcome === 'decline' ? (textOf(code) ?? 'payment_declined') : undefined);
        const signed = createHmac('sha256', keys.key_secret).update(`${order.id}|${payment.id}`);
        return ok({
          razorpay_order_id: order.id,
          razorpay_payment_id: payment.id,
          razorpay_signature: signed.digest('hex'),
        });
      },
    };
  });
  return {
    urls: { 'https://api.razorpay.com': url },
    secrets: { 'Vicinity: account at Razorpay': keys },
    webhooks: { name: 'razorpay', control: `${url}/_webhooks` },
    close,
  };
}

const newId = (prefix: string) =>
  `${prefix}${randomBytes(10).toString('base64url').replace(/\W|_/g, '0').slice(0, 14)}`;

const seconds = () => Math.floor(Date.now() / 1000);

const ok = (body: unknown): Reply => ({ status: 200, body });

const collection = (items: unknown[]) => ({ entity: 'collection', count: items.length, items });

const refused = (description: string, more: Fields = {}): Reply => ({
  status: 400,
  body: {
    error: {
      code: 'BAD_REQUEST_ERROR',
      description,
      source: 'business',
      step: 'payment_initiation',
      reason: 'input_validation_failed',
      metadata: {},
      ...more,
    },
  },
});
