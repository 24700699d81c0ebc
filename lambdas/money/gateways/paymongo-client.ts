import * as z from 'zod/mini';
import { environment } from '../../kernel/environment.ts';
import { log } from '../../kernel/log.ts';
import { Account } from './account.ts';
import { GatewayDeclined, GatewayRejected } from './gateway.ts';
import { basic, PATIENCE, read, send } from './send.ts';

const account = new Account(
  'paymongo',
  'MONEY_PAYMONGO_SECRET_ARN',
  z.object({ secret_key: z.string(), public_key: z.string(), webhook_secret: z.string() }),
);

export type PaymongoKeys = Awaited<ReturnType<typeof account.of>>;

export type Paymongo = {
  keys: PaymongoKeys;
  /** Wraps the attributes and unwraps the resource. Throws GatewayDeclined, GatewayRejected, GatewayUnavailable. */
  call<T>(method: string, path: string, schema: z.ZodMiniType<T>, attributes?: object): Promise<T>;
};

export async function openPaymongo(marketplace: string, patience = PATIENCE): Promise<Paymongo> {
  const keys = await account.of(marketplace);
  return {
    keys,
    async call(method, path, schema, attributes) {
      const sent = await send(
        'paymongo',
        `${environment('PAYMONGO_API_URL')}/v1/${path}`,
        {
          method,
          headers: {
            authorization: basic(keys.secret_key, ''),
            'content-type': 'application/json',
          },
          body: attributes ? JSON.stringify({ data: { attributes } }) : undefined,
        },
        { patience, forget: () => account.forget() },
      );
      if (sent.status >= 400) throw refusalOf(sent.body);
      return read('paymongo', z.object({ data: schema }), sent.body).data;
    },
  };
}

const Problem = z.object({
  errors: z.array(
    z.object({
      code: z.string(),
      sub_code: z.optional(z.nullable(z.string())),
      detail: z.optional(z.string()),
    }),
  ),
});

/**
 * Reasons that nobody who pays may be told: whoever holds a stolen card would learn that it is known as stolen
 * (developers.paymongo.com, card errors).
 */
const HIDDEN = new Set([
  'fraudulent',
  'highest_risk_level',
  'lost_card',
  'pickup_card',
  'processor_blocked',
  'restricted_card',
  'stolen_card',
  'blocked',
]);

/** A reason as people may be told it. */
export function toldOf(code: string, message: string): { code: string; message: string } {
  if (!HIDDEN.has(code)) return { code, message };
  log.warn('a payment was refused for a reason that is not told', { gateway: 'paymongo', code });
  return { code: 'generic_decline', message: 'The payment was declined.' };
}

/** Only what a bank or PayMongo's risk engine refused has a second code. */
function refusalOf(body: unknown): Error {
  const parsed = z.safeParse(Problem, body);
  const problem = parsed.success ? parsed.data.errors[0] : undefined;
  if (!problem) return new GatewayRejected('paymongo', 'rejected', 'paymongo refused without a reason.');
  const { code, sub_code, detail = '' } = problem;
  if (!sub_code) return new GatewayRejected('paymongo', code, detail);
  const told = toldOf(sub_code, detail);
  return new GatewayDeclined('paymongo', told.code, told.message);
}
