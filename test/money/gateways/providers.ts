import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Charge, GatewayName } from '../../../lambdas/money/gateways/gateway.ts';
import { listen } from '../../../local/fakes/fake.ts';

/** An event as the provider delivers it. */
export type Delivered = { id: string; marketplace: string; body: string; headers: Record<string, string> };

const urlOf = (gateway: GatewayName) => process.env[`${gateway.toUpperCase()}_API_URL`];

async function ask(gateway: GatewayName, path: string, body?: unknown): Promise<unknown> {
  const answer = await fetch(`${urlOf(gateway)}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.json();
}

/** What a provider's checkout tells the app, with the name under which the payment is known from then on. */
type Told<G extends GatewayName> = Readonly<Record<string, string>> &
  Readonly<
    Record<
      {
        stripe: 'id';
        bolt: 'transaction_reference';
        razorpay: 'razorpay_payment_id';
        paytm: 'ORDERID';
        paymongo: 'id';
      }[G],
      string
    >
  >;

/** What a person does in the provider's checkout with the payment of this reference. Returns what the checkout then tells the app. */
export const act = async <G extends GatewayName>(
  gateway: G,
  reference: string,
  outcome: string,
  more: Record<string, unknown> = {},
) => (await ask(gateway, '/_pay', { reference, outcome, ...more })) as Told<G>;

/** Orders what becomes of the next call of a path: see local/fakes/provider.ts. */
export const orderFault = (gateway: GatewayName, fault: Record<string, unknown>) =>
  ask(gateway, '/_faults', fault);

/** Takes back what was ordered and has not happened. */
export const clearFaults = (gateway: GatewayName) => ask(gateway, '/_faults', null);

/** Events whose body names this reference, in their order, signed now. */
export async function eventsOf(gateway: GatewayName, reference: string): Promise<Delivered[]> {
  const events = (await ask(gateway, '/_events')) as Delivered[];
  return events.filter(({ body }) => body.includes(reference));
}

/** Lets the provider deliver an event once more. */
export const deliverAgain = (gateway: GatewayName, id: string) => ask(gateway, `/_events/${id}`, {});

/** A day passes: the provider does not know any idempotency key any more. */
export const forgetKeys = (gateway: GatewayName) => ask(gateway, '/_forget', {});

/** Where the provider's webhooks go from now on; `{marketplace}` stands for whose they are. */
export const sendWebhooksTo = (gateway: GatewayName, url: string | null) =>
  ask(gateway, '/_webhooks', { url });

/** A server that takes webhooks, and what came. `next` waits for one that is not taken yet. */
export async function startListener() {
  const came: Delivered[] = [];
  const waiting: ((event: Delivered) => void)[] = [];
  const server = createServer(async (request, response) => {
    const headers = request.headers as Record<string, string>;
    const event = { id: '', marketplace: request.url ?? '', body: await text(request), headers };
    response.end('{}');
    const waiter = waiting.shift();
    if (waiter) waiter(event);
    else came.push(event);
  });
  const { url, close } = await listen(server);
  const next = () =>
    new Promise<Delivered>(resolve => {
      const event = came.shift();
      if (event) resolve(event);
      else waiting.push(resolve);
    });
  return { url, close, next };
}

/** A charge that nothing is special about, with a key of its own. */
export function chargeOf(charge: Partial<Charge> = {}): Charge {
  return {
    key: randomUUID(),
    amount: 12_345,
    currency: 'USD',
    description: 'A booking',
    capture: 'now',
    customer: { email: 'payer@example.com' },
    metadata: { payment_id: randomUUID() },
    ...charge,
  };
}
