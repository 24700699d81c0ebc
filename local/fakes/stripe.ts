import { createHmac, randomBytes } from 'node:crypto';
import type { Fake } from './fake.ts';
import { type Call, headerOf, marketplaceOf, Replays, type Reply, startProvider } from './provider.ts';
import { type Announce, newId, problem, unknownUrl } from './stripe-answers.ts';
import { createConnect } from './stripe-connect.ts';
import { readForm } from './stripe-form.ts';
import { createMethods } from './stripe-methods.ts';
import { createPayments } from './stripe-payments.ts';

/**
 * Stripe (docs.stripe.com/api): PaymentIntents with manual capture, refunds, disputes; Connect accounts, account links, transfers,
 * reversals and payouts; customers and their saved methods. It takes Stripe's own test methods, such as `pm_card_visa` and `pm_card_chargeDeclined`, answers a repeated
 * idempotency key as before, and signs its events. At `/_pay` a person pays an intent, disputes or settles one.
 */
export async function startStripe(): Promise<Fake> {
  const keys = {
    secret_key: `sk_test_${randomBytes(12).toString('hex')}`,
    publishable_key: `pk_test_${randomBytes(12).toString('hex')}`,
    webhook_secret: `whsec_${randomBytes(16).toString('hex')}`,
    connect_webhook_secret: `whsec_${randomBytes(16).toString('hex')}`,
  };
  const { url, close } = await startProvider(({ announce }) => {
    const tell: Announce = (type, object, account) => {
      const id = newId('evt');
      const created = Math.floor(Date.now() / 1000);
      const event = { id, object: 'event', api_version: '2026-10-28.endive', created, type, livemode: false };
      const body = JSON.stringify({
        ...event,
        ...(account ? { account } : {}),
        data: { object },
        pending_webhooks: 1,
        request: { id: newId('req'), idempotency_key: null },
      });
      const secret = account ? keys.connect_webhook_secret : keys.webhook_secret;
      announce({ id, marketplace: marketplaceOf(object.metadata), body, sign: () => signed(body, secret) });
    };
    const payments = createPayments(tell);
    const connect = createConnect(tell);
    const methods = createMethods(tell);
    const replays = new Replays();

    function answer(call: Call): Reply {
      const fields = readForm(call.method === 'GET' ? call.query : new URLSearchParams(call.text));
      const key = headerOf(call, 'authorization')?.replace(/^Bearer /, '') ?? '';
      const isApp = key === keys.publishable_key && 'client_secret' in fields;
      if (key !== keys.secret_key && !isApp)
        return problem(401, { message: `Invalid API Key provided: ${key.slice(0, 11)}****` });
      const { method, path } = call;
      const account = headerOf(call, 'stripe-account');
      const request = { method, path, fields, account };
      const make = () =>
        payments(request) ?? connect.answer(request) ?? methods.answer(request) ?? unknownUrl(request);
      if (method !== 'POST') return make();
      return replays.once(headerOf(call, 'idempotency-key'), `${path}\n${account}\n${call.text}`, make, {
        replayed: reply => ({ ...reply, headers: { 'idempotent-replayed': 'true' } }),
        conflict: () =>
          problem(400, {
            type: 'idempotency_error',
            message:
              'Keys for idempotent requests can only be used with the same parameters they were first used with.',
          }),
      });
    }

    return {
      answer,
      forget: () => replays.forget(),
      pay: order =>
        payments.act(order) ??
        connect.act(order) ??
        methods.act(order) ??
        problem(404, { message: 'Nothing to act on.' }),
    };
  });
  return {
    urls: { 'https://api.stripe.com': url },
    secrets: { 'Vicinity: account at Stripe': keys },
    webhooks: { name: 'stripe', control: `${url}/_webhooks` },
    close,
  };
}

/** Stripe's scheme v1: the seconds and the body, keyed with the endpoint's secret. */
function signed(body: string, secret: string): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': `t=${seconds},v1=${v1}` };
}
