import type { FunctionDefinition } from '../functions/definition.ts';
import { startAadhaar } from './aadhaar.ts';
import { startBolt } from './bolt.ts';
import type { Fake } from './fake.ts';
import { startPaymongo } from './paymongo.ts';
import { startPaytm } from './paytm.ts';
import { startRazorpay } from './razorpay.ts';
import { startStripe } from './stripe.ts';
import { startTesla } from './tesla.ts';

/** Every provider that has a stand-in: a file of this folder that starts it. */
const providers: readonly (() => Promise<Fake>)[] = [
  startAadhaar,
  startTesla,
  startStripe,
  startRazorpay,
  startPaytm,
  startPaymongo,
  startBolt,
];

/** The stand-ins of all providers. */
export type Fakes = {
  /** The function with its providers replaced: a variable that begins with a provider's base URL names the fake. */
  standIn(definition: FunctionDefinition): FunctionDefinition;
  /** What a secret with this description holds, or undefined where it is no provider's. */
  secretOf(description: string): unknown;
  /** Lets each provider that has webhooks send them to a URL. */
  sendWebhooksTo(urlOf: (provider: string) => string): Promise<void>;
  /** Does what a person does in a payment provider's own form: what `/_pay` of its stand-in takes and answers. */
  pay(provider: string, order: Record<string, unknown>): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
};

/**
 * Starts the stand-in of every provider, so that nothing on this machine calls one.
 *
 * @param start what to start, for tests
 */
export async function startFakes(start = providers): Promise<Fakes> {
  const fakes = await Promise.all(start.map(begin => begin()));
  const urls = fakes.flatMap(fake => Object.entries(fake.urls));
  const secrets = new Map(fakes.flatMap(fake => Object.entries(fake.secrets)));

  function stand(value: string): string {
    // A longer URL is no other's host: `https://api.example` does not stand for `https://api.example.org`.
    const found = urls.find(([real]) => value === real || value.startsWith(`${real.replace(/\/$/, '')}/`));
    return found ? found[1] + value.slice(found[0].length) : value;
  }

  return {
    standIn: definition => ({
      ...definition,
      variables: () =>
        Object.fromEntries(
          Object.entries(definition.variables()).map(([name, value]) => [name, stand(value)]),
        ),
    }),
    secretOf: description => secrets.get(description),
    async sendWebhooksTo(urlOf) {
      for (const { webhooks } of fakes) {
        if (!webhooks) continue;
        const body = JSON.stringify({ url: urlOf(webhooks.name) });
        await fetch(webhooks.control, { method: 'POST', body });
      }
    },
    async pay(provider, order) {
      const control = fakes.find(({ webhooks }) => webhooks?.name === provider)?.webhooks?.control;
      if (!control) throw new Error(`There is no payment provider ${provider}.`);
      const answer = await fetch(new URL('/_pay', control), { method: 'POST', body: JSON.stringify(order) });
      return { status: answer.status, body: await answer.json() };
    },
    async close() {
      await Promise.all(fakes.map(fake => fake.close()));
    },
  };
}
