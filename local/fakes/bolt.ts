import { createHmac, randomBytes, randomInt } from 'node:crypto';
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

type Cart = Fields & { order_reference: string; total_amount: number; currency: string; metadata: Fields };
type Transaction = Fields & {
  id: string;
  reference: string;
  type: string;
  status: string;
  amount: { amount: number; currency: string };
  captures: { amount: { amount: number; currency: string }; status: string; merchant_event_id?: unknown }[];
  order: { cart: Cart };
};
type Credit = Fields & { id: string; reference: string; status: string; amount: { amount: number } };

/** Saved cards that are declined, with Bolt's reasons. */
const DECLINES: Readonly<Record<string, string>> = { card_declined: 'call_issuer', card_expired: 'expired' };

/**
 * Bolt (help.bolt.com/api-bolt): order tokens, charges of saved cards, transactions with capture, void and refund, idempotency keys and
 * signed webhooks. At `/_pay {"reference", "outcome"}` a person pays the order of our reference in Bolt's checkout, and the answer is what
 * the checkout tells the app.
 */
export async function startBolt(): Promise<Fake> {
  const keys = {
    api_key: randomBytes(24).toString('hex'),
    publishable_key: `${randomBytes(6).toString('hex')}.${randomBytes(6).toString('hex')}`,
    signing_secret: randomBytes(24).toString('hex'),
  };
  const carts = new Map<string, Cart>();
  const transactions = new Map<string, Transaction>();
  const credits = new Map<string, Credit>();
  const sources = new Map<string, Transaction>();
  const replays = new Replays();
  const nonces = new Set<string>();

  const { url, close } = await startProvider(({ announce }) => {
    function tell(
      type: string,
      { id, reference, status, amount }: Credit,
      { order, reference: source }: Transaction,
    ): void {
      const body = JSON.stringify({
        id,
        reference,
        order: order.cart.order_reference,
        type,
        amount: amount.amount,
        currency: order.cart.currency,
        status: type === 'credit' ? 'refunded' : status,
        display_id: order.cart.display_id ?? '',
        ...(type === 'credit' ? { source_transaction_reference: source } : {}),
      }).replace(/[\u0080-\uffff]/g, sign => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
      const signature = createHmac('sha256', keys.signing_secret).update(body).digest('base64');
      const sign = () => ({ 'content-type': 'application/json', 'x-bolt-hmac-sha256': signature });
      const marketplace = marketplaceOf(order.cart.metadata);
      announce({ id: `hook-${randomBytes(8).toString('hex')}`, marketplace, body, sign });
    }

    function readCart(value: unknown): Cart | undefined {
      const cart = fieldsOf(value);
      const isWhole = typeof cart.total_amount === 'number' && Number.isInteger(cart.total_amount);
      if (!isWhole || !textOf(cart.order_reference) || !textOf(cart.currency)) return undefined;
      return { ...cart, metadata: fieldsOf(cart.metadata) } as Cart;
    }

    function createOrder({ cart: given }: Fields): Reply {
      const cart = readCart(given);
      if (!cart) return refused(400, 2001005, 'The input is missing a required parameter.');
      carts.set(cart.order_reference, cart);
      return ok({ token: `${randomBytes(32).toString('hex')}`, cart });
    }

    function pay(cart: Cart, isAutomatic: boolean, decline?: string): Transaction {
      const amount = { amount: cart.total_amount, currency: cart.currency, currency_symbol: '$' };
      const transaction: Transaction = {
        id: `TA${randomBytes(6).toString('hex')}`,
        reference: newReference(),
        type: 'cc_payment',
        status: decline ? 'failed' : 'authorized',
        amount,
        authorization: { status: decline ? 'declined' : 'succeeded', reason: decline ?? 'none' },
        captures: [],
        order: { cart },
        date: Date.now(),
      };
      transactions.set(transaction.reference, transaction);
      if (decline) tell('failed_payment', transaction, transaction);
      else if (isAutomatic) take(transaction, cart.total_amount, 'payment');
      else tell('auth', transaction, transaction);
      return transaction;
    }

    function take(transaction: Transaction, amount: number, hook: string, merchant_event_id?: unknown): void {
      const { currency } = transaction.order.cart;
      transaction.captures.push({ amount: { amount, currency }, status: 'succeeded', merchant_event_id });
      Object.assign(transaction, { status: 'completed' });
      tell(hook, transaction, transaction);
    }

    const creditsOf = (transaction: Transaction) =>
      [...credits.values()].filter(credit => sources.get(credit.reference) === transaction);
    const refundedOf = (transaction: Transaction) =>
      creditsOf(transaction)
        .filter(({ status }) => status !== 'failed')
        .reduce((total, { amount }) => total + amount.amount, 0);

    const shown = (transaction: Transaction) => ({
      ...transaction,
      refund_transactions: creditsOf(transaction),
      refunded_amount: { amount: refundedOf(transaction), currency: transaction.amount.currency },
    });

    function capture(transaction: Transaction, { amount, currency, merchant_event_id }: Fields): Reply {
      if (transaction.status !== 'authorized')
        return refused(422, 1000001, 'The transaction is not authorized.');
      if (
        typeof amount !== 'number' ||
        amount > transaction.amount.amount ||
        currency !== transaction.amount.currency
      )
        return refused(422, 1000001, 'The amount cannot be captured.');
      take(transaction, amount, 'capture', merchant_event_id);
      return ok(shown(transaction));
    }

    function cancel(transaction: Transaction): Reply {
      if (transaction.status !== 'authorized')
        return refused(403, 1000001, 'The transaction cannot be voided.');
      Object.assign(transaction, {
        status: 'cancelled',
        void: { cause: 'merchant_action', status: 'succeeded' },
      });
      tell('void', transaction, transaction);
      return ok(shown(transaction));
    }

    function credit(transaction: Transaction, { amount, currency, merchant_event_id }: Fields): Reply {
      const taken = transaction.captures.reduce((total, capture) => total + capture.amount.amount, 0);
      if (typeof amount !== 'number' || amount < 1 || amount > taken - refundedOf(transaction))
        return refused(422, 1000001, 'The amount cannot be refunded.');
      const made: Credit = {
        id: `TC${randomBytes(6).toString('hex')}`,
        reference: newReference(),
        type: 'cc_credit',
        status: 'completed',
        amount: { amount, currency } as Credit['amount'],
        credit: { status: 'succeeded', merchant_event_id },
      };
      credits.set(made.reference, made);
      sources.set(made.reference, transaction);
      tell('credit', made, transaction);
      return ok(made);
    }

    function act(path: string, body: Fields): Reply {
      if (path === 'orders') return createOrder(body);
      if (path === 'transactions/authorize') {
        const cart = readCart(body.cart);
        if (!cart) return refused(422, 2001005, 'The input is missing a required parameter.');
        const decline = DECLINES[textOf(body.credit_card_id) ?? ''];
        return ok({ transaction: shown(pay(cart, body.auto_capture === true, decline)) });
      }
      const transaction = transactions.get(textOf(body.transaction_reference) ?? '');
      if (!transaction) return refused(404, 4004, 'Unable to find the entity by key.');
      if (path === 'transactions/capture') return capture(transaction, body);
      if (path === 'transactions/void') return cancel(transaction);
      if (path === 'transactions/credit') return credit(transaction, body);
      return refused(404, 404, 'Resource not found.');
    }

    function answer(call: Call): Reply {
      if (headerOf(call, 'x-api-key') !== keys.api_key) return refused(401, 1005, 'Invalid merchant key.');
      const path = call.path.replace('/v1/merchant/', '');
      if (call.method === 'GET') {
        const reference = decodeURIComponent(path.replace('transactions/', ''));
        const transaction = transactions.get(reference);
        if (transaction) return ok(shown(transaction));
        const made = credits.get(reference);
        return made ? ok(made) : refused(422, 1000001, `\`${reference}\` must be a valid reference.`);
      }
      const nonce = headerOf(call, 'x-nonce') ?? '';
      if (!/^\d{12,16}$/.test(nonce) || nonces.has(nonce))
        return refused(400, 4008, 'The provided nonce value is invalid.');
      nonces.add(nonce);
      const make = () => act(path, fieldsOf(JSON.parse(call.text)));
      return replays.once(headerOf(call, 'idempotency-key'), `${call.path}\n${call.text}`, make, {
        replayed: reply => ({ ...reply, headers: { 'idempotent-replayed': 'true' } }),
        conflict: () => refused(400, 400, 'The idempotency key was used for another request.'),
      });
    }

    return {
      answer,
      forget: () => replays.forget(),
      /** `outcome`: `succeed`, `decline`, `hold` (reserves only). A refund cannot fail: Bolt's are synchronous. */
      pay({ reference, outcome, code }) {
        const cart = carts.get(String(reference));
        if (!cart) return refused(404, 4004, 'Unable to find the entity by key.');
        const decline = outcome === 'decline' ? (textOf(code) ?? 'call_issuer') : undefined;
        const transaction = pay(cart, outcome !== 'hold', decline);
        return ok({ transaction_reference: transaction.reference, status: transaction.status });
      },
    };
  });
  return {
    urls: {
      'https://api.bolt.com': url,
      'https://api-sandbox.bolt.com': url,
    },
    secrets: { 'Vicinity: account at Bolt': keys },
    webhooks: { name: 'bolt', control: `${url}/_webhooks` },
    close,
  };
}

const newReference = () =>
  Array.from({ length: 3 }, () =>
    Array.from({ length: 4 }, () => 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'[randomInt(32)]).join(''),
  ).join('-');

const ok = (body: unknown): Reply => ({ status: 200, body });

const refused = (status: number, code: number, message: string): Reply => ({
  status,
  body: { errors: [{ code, message }], result: { success: false } },
});
