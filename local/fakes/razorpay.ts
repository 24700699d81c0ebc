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
import {
  collection,
  newId,
  type Order,
  ok,
  type Payment,
  type Refund,
  reasonsOf,
  refused,
  seconds,
  type Tell,
  unknownId,
} from './razorpay-answers.ts';
import { createDisputes } from './razorpay-disputes.ts';
import { createPayouts } from './razorpay-payouts.ts';
import { createTokens } from './razorpay-tokens.ts';

/**
 * Razorpay (razorpay.com/docs/api): orders whose receipts are unique, the payments of an order, capture, refunds with an idempotency
 * key, customers with tokens and their charges, payouts to banks, signed webhooks. At `/_pay {"reference", "outcome"}` a person pays an order in the
 * checkout, and what the checkout then gives the app is the answer.
 */
export async function startRazorpay(): Promise<Fake> {
  const keys = {
    key_id: `rzp_test_${randomBytes(7).toString('hex')}`,
    key_secret: randomBytes(12).toString('hex'),
    webhook_secret: randomBytes(12).toString('hex'),
    payout_account_number: '7878780080316316',
    payout_webhook_secret: randomBytes(12).toString('hex'),
  };
  const authorization = `Basic ${Buffer.from(`${keys.key_id}:${keys.key_secret}`).toString('base64')}`;
  const orders = new Map<string, Order>();
  const payments = new Map<string, Payment>();
  const refunds = new Map<string, Refund>();
  const replays = new Replays();

  const { url, close } = await startProvider(({ announce }) => {
    const tell: Tell = (event, entities, notes) => {
      const id = newId('');
      const wrapped = Object.entries(entities).map(([name, entity]) => [name, { entity: { ...entity } }]);
      const body = JSON.stringify({
        entity: 'event',
        account_id: 'acc_BFQ7uQEaa7j2z7',
        event,
        contains: wrapped.map(([name]) => name),
        payload: Object.fromEntries(wrapped),
        created_at: seconds(),
      });
      const secret = event.startsWith('payout.') ? keys.payout_webhook_secret : keys.webhook_secret;
      const sign = () => ({
        'content-type': 'application/json',
        'x-razorpay-signature': createHmac('sha256', secret).update(body).digest('hex'),
        'x-razorpay-event-id': id,
      });
      announce({ id, marketplace: marketplaceOf(notes), body, sign });
    };
    const tellOf = (event: string, payment: Payment, more: Record<string, Fields> = {}) =>
      tell(event, { payment, ...more }, orders.get(payment.order_id)?.notes);

    function createOrder(fields: Fields): Reply {
      const { amount, currency, receipt, notes, unique_receipt, payment } = fields;
      const least = fields.method === 'emandate' ? 0 : 100;
      if (typeof amount !== 'number' || !Number.isInteger(amount) || amount < least)
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
        ...(fields.customer_id
          ? { customer_id: fields.customer_id, method: fields.method, token: fields.token }
          : {}),
        created_at: seconds(),
      };
      orders.set(order.id, order);
      return ok(shown(order));
    }

    const disputes = createDisputes(payments, tellOf);
    const tokens = createTokens(tell);
    const payouts = createPayouts(keys.payout_account_number, tell);
    const paymentsOf = (order: string) => [...payments.values()].filter(({ order_id }) => order_id === order);

    function shown({ capture: _, ...order }: Order) {
      const tries = paymentsOf(order.id);
      const paid = tries.some(({ captured }) => captured) ? order.amount : 0;
      const status = paid > 0 ? 'paid' : tries.length > 0 ? 'attempted' : 'created';
      const amounts = { amount_paid: paid, amount_due: order.amount - paid };
      return { ...order, entity: 'order', ...amounts, attempts: tries.length, status };
    }

    function pay(order: Order, reason?: string, more: Fields = {}): Payment {
      const payment: Payment = {
        id: newId('pay_'),
        entity: 'payment',
        order_id: order.id,
        amount: order.amount,
        currency: order.currency,
        status: 'created',
        method: 'upi',
        captured: false,
        amount_refunded: 0,
        fee: null,
        tax: null,
        notes: order.notes,
        created_at: seconds(),
        ...reasonsOf(undefined),
        ...more,
      };
      payments.set(payment.id, payment);
      settle(payment, order, reason);
      return payment;
    }

    function settle(payment: Payment, order: Order, reason?: string): void {
      if (reason === 'later') return;
      Object.assign(payment, { status: reason ? 'failed' : 'authorized', ...reasonsOf(reason) });
      tellOf(reason ? 'payment.failed' : 'payment.authorized', payment);
      if (!reason && order.capture === 'automatic') take(payment, order);
    }

    function take(payment: Payment, order: Order): void {
      // Two percent, and 18 % tax on it.
      const fee = Math.round(payment.amount * 0.02 * 1.18);
      Object.assign(payment, { status: 'captured', captured: true, fee, tax: Math.round(fee * 0.18) });
      tellOf('payment.captured', payment);
      tellOf('order.paid', payment, { order: shown(order) });
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
      tellOf('refund.processed', payment, { refund: made });
      return ok(made);
    }

    function charge(fields: Fields): Reply {
      const order = orders.get(textOf(fields.order_id) ?? '');
      if (!order) return unknownId();
      if (paymentsOf(order.id).some(({ captured }) => captured))
        return refused('Payment already done for this order.');
      const debit = tokens.check(fields, order.amount);
      if (typeof debit !== 'string') return debit;
      const { token: token_id, customer_id } = fields;
      const reason = debit === 'now' ? undefined : debit === 'later' ? debit : 'payment_declined';
      const payment = pay(order, reason, { token_id, customer_id });
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
      const kept = tokens.answer(call, fields) ?? payouts.answer(call, fields);
      if (kept) return kept;
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
      return unknownId();
    }

    return {
      answer,
      forget() {
        replays.forget();
        payouts.forget();
      },
      /**
       * `succeed`, `decline`, `dispute`, `lapse` (nobody captured it in time), `debit` (a bank makes one that was announced); of a refund
       * `fail`; of a dispute `win` or `lose`; of tokens and payouts see there.
       */
      pay(asked) {
        const { reference, outcome, code } = asked;
        const refund = refunds.get(String(reference));
        const refunded = payments.get(refund?.payment_id ?? '');
        if (refund && refunded) {
          refund.status = 'failed';
          refunded.amount_refunded -= Number(refund.amount);
          tellOf('refund.failed', refunded, { refund });
          return ok(refund);
        }
        const disputed = disputes.act(String(reference), outcome);
        if (disputed) return ok(disputed);
        const kept = tokens.act(asked) ?? payouts.act(asked);
        if (kept) return kept;
        const order = orders.get(String(reference));
        if (!order) return unknownId();
        const announced = paymentsOf(order.id).find(({ status }) => status === 'created');
        if (announced) {
          settle(announced, order, outcome === 'debit' ? undefined : 'payment_declined');
          return ok(announced);
        }
        if (outcome === 'lapse') {
          for (const payment of paymentsOf(order.id)) payment.status = 'refunded';
          return ok({});
        }
        const reason = outcome === 'decline' ? (textOf(code) ?? 'payment_declined') : undefined;
        const payment = pay(order, reason, reason ? {} : tokens.register(order, asked));
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
