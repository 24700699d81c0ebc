import {
  type Charge,
  type Gateway,
  type GatewayPayment,
  GatewayRejected,
  GatewayUnavailable,
} from './gateway.ts';
import { openPaymongo, type Paymongo } from './paymongo-client.ts';
import { Intent, Method, paidOf, paymentOf, Refund, refundOf } from './paymongo-objects.ts';
import { readPaymongoEvent } from './paymongo-signatures.ts';

/** Our names of methods and PayMongo's, where they differ. */
const METHODS: Readonly<Record<string, string>> = { maya: 'paymaya', paymaya: 'paymaya' };

/** Wallets that the person pays with on a page of theirs. */
const WALLETS = new Set(['gcash', 'paymaya', 'grab_pay']);

/**
 * PayMongo (developers.paymongo.com): a payment is a Payment Intent, whose id is the reference. PayMongo documents no idempotency
 * keys. Making an intent twice charges nobody, since the app attaches the card, and a wallet asks its owner; a saved card could be
 * charged twice, so we charge none. A refund is looked for among those of the payment before it is made.
 *
 * Nor does PayMongo document a way to read a dispute: it tells of one by e-mail, and its events `dispute.created` and `dispute.resolved`
 * do not say of which payment. So there is no `readDispute`, and staff record what the e-mail says.
 *
 * @param patience milliseconds that one call may take
 */
export function paymongo(marketplace: string, patience?: number): Gateway {
  const open = () => openPaymongo(marketplace, patience);
  const look = (api: Paymongo, reference: string) => api.call('GET', `payment_intents/${reference}`, Intent);

  async function read(reference: string): Promise<GatewayPayment> {
    const api = await open();
    return paymentOf(await look(api, reference), api.keys);
  }

  /** Sends it and, when PayMongo says that the state does not allow it, looks at what the state is. */
  async function act(reference: string, action: string, attributes: object): Promise<GatewayPayment> {
    const api = await open();
    try {
      const intent = await api.call('POST', `payment_intents/${reference}/${action}`, Intent, attributes);
      return paymentOf(intent, api.keys);
    } catch (error) {
      if (!(error instanceof GatewayRejected) || error.code !== 'resource_failed_state') throw error;
      return read(reference);
    }
  }

  return {
    name: 'paymongo',
    async create(charge) {
      const api = await open();
      const intent = await api.call('POST', 'payment_intents', Intent, intentOf(charge, marketplace));
      const attached = await attachWallet(api, intent.id, charge);
      return paymentOf(attached ?? intent, api.keys);
    },
    read,
    capture: (reference, amount) => act(reference, 'capture', { amount }),
    cancel: reference => act(reference, 'cancel', {}),
    async refund(reference, amount, key) {
      const api = await open();
      const paid = paidOf(await look(api, reference));
      if (!paid) throw new GatewayRejected('paymongo', 'not_captured', 'There is nothing to refund.');
      const made = paid.attributes.refunds.find(({ attributes }) => attributes.metadata?.key === key);
      if (made) return refundOf(made);
      const refund = await api.call('POST', 'refunds', Refund, {
        amount,
        payment_id: paid.id,
        reason: 'requested_by_customer',
        metadata: { key, marketplace },
      });
      return refundOf(refund);
    },
    async readRefund(reference) {
      return refundOf(await (await open()).call('GET', `refunds/${reference}`, Refund));
    },
    async webhook(rawBody, headers) {
      return readPaymongoEvent((await open()).keys, rawBody, headers['paymongo-signature'] ?? '');
    },
  };
}

const methodOf = ({ method }: Charge) => (method ? (METHODS[method] ?? method) : undefined);

function intentOf(charge: Charge, marketplace: string) {
  const { amount, currency, description, capture, metadata, key } = charge;
  const method = methodOf(charge);
  if (charge.payment_method)
    throw new GatewayRejected('paymongo', 'payment_method_unsupported', 'Saved methods are not charged.');
  if (capture === 'later' && method && method !== 'card')
    throw new GatewayRejected('paymongo', 'capture_later_unsupported', `${method} cannot reserve money.`);
  const allowed = capture === 'later' ? ['card'] : ['card', ...WALLETS];
  return {
    amount,
    currency,
    description,
    payment_method_allowed: method ? [method] : allowed,
    capture_type: capture === 'later' ? 'manual' : 'automatic',
    metadata: { ...metadata, key, marketplace },
  };
}

/**
 * Attaches a wallet, which leads to its page. A card the app attaches itself, with the intent's own key, so that its number never
 * reaches us.
 */
async function attachWallet(api: Paymongo, reference: string, charge: Charge) {
  const method = methodOf(charge);
  if (!method || !WALLETS.has(method)) return undefined;
  const { return_url } = charge;
  try {
    const payment_method = await makeWallet(api, method, charge);
    const attributes = { payment_method, return_url };
    return await api.call('POST', `payment_intents/${reference}/attach`, Intent, attributes);
  } catch (error) {
    // The intent exists: whoever looks at it later must know which one it was.
    if (!(error instanceof GatewayUnavailable)) throw error;
    const { code, message } = error;
    throw new GatewayUnavailable('paymongo', code, message, { reference, cause: error });
  }
}

async function makeWallet(api: Paymongo, type: string, { customer }: Charge): Promise<string> {
  const { name, email, phone } = customer;
  const { id } = await api.call('POST', 'payment_methods', Method, { type, billing: { name, email, phone } });
  return id;
}
