import { createHmac, randomBytes } from 'node:crypto';
import type { Fake } from './fake.ts';
import {
  type Call,
  type Fields,
  fieldsOf,
  headerOf,
  marketplaceOf,
  type Reply,
  startProvider,
  textOf,
} from './provider.ts';

type Attributes = Record<string, unknown>;
type Resource<A extends Attributes = Attributes> = { id: string; type: string; attributes: A };
type Payment = Resource<Attributes & { amount: number; status: string; refunds: Resource[] }>;
type Intent = Resource<
  Attributes & { amount: number; status: string; capture_type: string; payments: Payment[]; metadata: Fields }
>;

/**
 * PayMongo (developers.paymongo.com): payment intents with hold-then-capture, payment methods, wallets that redirect, refunds, signed
 * webhooks, and no idempotency keys. At `/_pay {"reference", "outcome"}` a person pays an intent by card, or on the wallet's page.
 */
export async function startPaymongo(): Promise<Fake> {
  const keys = {
    secret_key: `sk_test_${randomBytes(12).toString('hex')}`,
    public_key: `pk_test_${randomBytes(12).toString('hex')}`,
    webhook_secret: `whsk_${randomBytes(12).toString('hex')}`,
  };
  const intents = new Map<string, Intent>();
  const methods = new Map<string, string>();
  const refunds = new Map<string, { refund: Resource; payment: Payment }>();

  const { url, close } = await startProvider(({ announce }) => {
    function tell(type: string, data: Resource): void {
      const id = newId('evt');
      const attributes = {
        type,
        livemode: false,
        data,
        previous_data: {},
        created_at: seconds(),
        updated_at: seconds(),
      };
      const body = JSON.stringify({ data: { id, type: 'event', attributes } });
      const sign = () => {
        const t = seconds();
        const te = createHmac('sha256', keys.webhook_secret).update(`${t}.${body}`).digest('hex');
        return { 'content-type': 'application/json', 'paymongo-signature': `t=${t},te=${te},li=` };
      };
      announce({ id, marketplace: marketplaceOf(data.attributes.metadata), body, sign });
    }

    function create(fields: Fields): Reply {
      const { amount, currency, payment_method_allowed, capture_type, metadata, description } = fields;
      if (typeof amount !== 'number' || amount < 2000)
        return problem({
          code: 'parameter_below_minimum',
          detail: 'The value for amount cannot be less than 2000.',
        });
      if (currency !== 'PHP' && currency !== 'USD')
        return problem({ code: 'parameter_invalid', detail: `The currency ${currency} is not supported.` });
      const id = newId('pi');
      const intent: Intent = {
        id,
        type: 'payment_intent',
        attributes: {
          amount,
          currency,
          description,
          payment_method_allowed,
          capture_type: textOf(capture_type) ?? 'automatic',
          client_key: `${id}_client_${newId('k').slice(2)}`,
          last_payment_error: null,
          livemode: false,
          next_action: null,
          payments: [],
          status: 'awaiting_payment_method',
          metadata: fieldsOf(metadata),
        },
      };
      intents.set(id, intent);
      return ok(intent);
    }

    function attach(intent: Intent, { payment_method, return_url }: Fields): Reply {
      const id = textOf(payment_method) ?? '';
      if (intent.attributes.status !== 'awaiting_payment_method') return wrongState(intent);
      const type = methods.get(id) ?? 'card';
      if (type === 'card') return pay(intent);
      Object.assign(intent.attributes, {
        status: 'awaiting_next_action',
        next_action: {
          type: 'redirect',
          redirect: { url: `https://test-sources.paymongo.com/sources?id=${id}`, return_url },
        },
      });
      return ok(intent);
    }

    function pay({ attributes, id }: Intent, decline?: string): Reply {
      const intent = { id, type: 'payment_intent', attributes };
      attributes.next_action = null;
      if (decline) {
        const detail = `The payment failed: ${decline}.`;
        attributes.status = 'awaiting_payment_method';
        attributes.last_payment_error = { failed_code: decline, failed_message: detail };
        tell('payment.failed', paymentOf(intent, 'failed'));
        return problem({ code: 'resource_failed_state', sub_code: decline, detail });
      }
      attributes.last_payment_error = null;
      if (attributes.capture_type === 'manual') {
        attributes.status = 'awaiting_capture';
        return ok(intent);
      }
      return take(intent, attributes.amount);
    }

    function take(intent: Intent, amount: number): Reply {
      const payment = paymentOf(intent, 'paid', amount);
      intent.attributes.payments.push(payment);
      intent.attributes.status = 'succeeded';
      tell('payment.paid', payment);
      return ok(intent);
    }

    function paymentOf({ id, attributes }: Intent, status: string, amount = attributes.amount): Payment {
      const { currency, metadata } = attributes;
      const fee = status === 'paid' ? Math.round(amount * 0.035) + 1500 : 0;
      return {
        id: newId('pay'),
        type: 'payment',
        attributes: {
          amount,
          currency,
          fee,
          net_amount: amount - fee,
          status,
          payment_intent_id: id,
          refunds: [],
          source: { id: newId('card'), type: 'card', brand: 'visa', country: 'PH', last4: '4345' },
          metadata,
        },
      };
    }

    function capture(intent: Intent, { amount }: Fields): Reply {
      const { attributes } = intent;
      if (attributes.status !== 'awaiting_capture') return wrongState(intent);
      const wanted = typeof amount === 'number' ? amount : attributes.amount;
      if (wanted > attributes.amount)
        return problem({
          code: 'allowed_amount_exceeded',
          detail: 'The amount exceeds that of the payment intent.',
        });
      return take(intent, wanted);
    }

    function cancel(intent: Intent): Reply {
      const { attributes } = intent;
      if (['succeeded', 'cancelled'].includes(attributes.status)) return wrongState(intent);
      attributes.status = 'cancelled';
      return ok(intent);
    }

    function refund({ amount, payment_id, reason, metadata }: Fields): Reply {
      const payment = [...intents.values()]
        .flatMap(({ attributes }) => attributes.payments)
        .find(({ id }) => id === payment_id);
      if (!payment) return notFound(String(payment_id));
      const made = payment.attributes.refunds.filter(({ attributes }) => attributes.status !== 'failed');
      const rest = made.reduce(
        (left, { attributes }) => left - Number(attributes.amount),
        payment.attributes.amount,
      );
      if (typeof amount !== 'number' || amount < 1 || amount > rest)
        return problem({
          code: 'parameter_above_maximum',
          detail: `The value for amount cannot be more than ${rest}.`,
        });
      const { payment_intent_id } = payment.attributes;
      const attributes = { amount, payment_id, payment_intent_id, reason, status: 'pending', metadata };
      const refund = { id: newId('ref'), type: 'refund', attributes };
      payment.attributes.refunds.push(refund);
      refunds.set(refund.id, { refund, payment });
      return ok(refund);
    }

    function answer(call: Call): Reply {
      const [user = ''] = Buffer.from(headerOf(call, 'authorization')?.slice(6) ?? '', 'base64')
        .toString()
        .split(':');
      const body = fieldsOf(
        fieldsOf(fieldsOf(call.text === '' ? {} : JSON.parse(call.text)).data).attributes,
      );
      const [, , kind, id = '', verb] = call.path.split('/');
      const intent = intents.get(id);
      const isApp = user === keys.public_key && body.client_key === intent?.attributes.client_key;
      if (user !== keys.secret_key && !isApp)
        return problem({ code: 'api_key_invalid', detail: `API key ${user.slice(0, 8)}… is invalid.` }, 401);
      if (kind === 'payment_methods') {
        const method = newId('pm');
        methods.set(method, textOf(body.type) ?? 'card');
        return ok({ id: method, type: 'payment_method', attributes: { ...body, livemode: false } });
      }
      if (kind === 'payment_intents' && !id) return create(body);
      if (kind === 'payment_intents' && intent) {
        if (verb === 'attach') return attach(intent, body);
        if (verb === 'capture') return capture(intent, body);
        if (verb === 'cancel') return cancel(intent);
        return ok(intent);
      }
      if (kind === 'refunds' && call.method === 'POST') return refund(body);
      const known = refunds.get(id);
      return kind === 'refunds' && known ? ok(known.refund) : notFound(id);
    }

    return {
      answer,
      /** `outcome`: `succeed`, `decline`; of a refund `succeed`, `fail`. */
      pay({ reference, outcome, code }) {
        const known = refunds.get(String(reference));
        if (known) {
          known.refund.attributes.status = outcome === 'fail' ? 'failed' : 'succeeded';
          tell('refund.succeeded', known.refund);
          return ok(known.refund);
        }
        const intent = intents.get(String(reference));
        if (!intent) return notFound(String(reference));
        if (!['awaiting_payment_method', 'awaiting_next_action'].includes(intent.attributes.status))
          return wrongState(intent);
        return pay(intent, outcome === 'decline' ? (textOf(code) ?? 'generic_decline') : undefined);
      },
    };
  });
  return {
    urls: { 'https://api.paymongo.com': url },
    secrets: { 'Vicinity: account at PayMongo': keys },
    webhooks: { name: 'paymongo', control: `${url}/_webhooks` },
    close,
  };
}

const newId = (prefix: string) => `${prefix}_${randomBytes(12).toString('hex')}`;

const seconds = () => Math.floor(Date.now() / 1000);

const ok = (data: unknown): Reply => ({ status: 200, body: { data } });

const problem = (error: Fields, status = 400): Reply => ({ status, body: { errors: [error] } });

const notFound = (id: string) =>
  problem({ code: 'resource_not_found', detail: `No such resource with id ${id}.` }, 404);

const wrongState = ({ attributes }: Intent) =>
  problem({ code: 'resource_failed_state', detail: `The payment intent is ${attributes.status}.` });
