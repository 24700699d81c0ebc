import { randomInt } from 'node:crypto';
import * as z from 'zod/mini';
import { environment } from '../../kernel/environment.ts';
import { Account } from './account.ts';
import { GatewayRejected } from './gateway.ts';
import { PATIENCE, read, send } from './send.ts';

const account = new Account(
  'bolt',
  'MONEY_BOLT_SECRET_ARN',
  z.object({ api_key: z.string(), publishable_key: z.string(), signing_secret: z.string() }),
);

export type BoltKeys = Awaited<ReturnType<typeof account.of>>;

export type Bolt = {
  keys: BoltKeys;
  /** Without a schema the answer is not looked at. Throws GatewayRejected, GatewayUnavailable. */
  call<T>(
    method: string,
    path: string,
    schema?: z.ZodMiniType<T>,
    options?: { body: object; key: string },
  ): Promise<T>;
};

export async function openBolt(marketplace: string, patience = PATIENCE): Promise<Bolt> {
  const keys = await account.of(marketplace);
  return {
    keys,
    async call(method, path, schema = z.any(), options) {
      const sent = await send(
        'bolt',
        `${environment('BOLT_API_URL')}/v1/merchant/${path}`,
        {
          method,
          headers: {
            'x-api-key': keys.api_key,
            'content-type': 'application/json',
            // Bolt wants 12 to 16 digits that no other request has.
            'x-nonce': `${randomInt(1e8, 1e9)}${randomInt(1e6, 1e7)}`,
            ...(options ? { 'idempotency-key': options.key } : {}),
          },
          body: options ? JSON.stringify(options.body) : undefined,
        },
        { patience, forget: () => account.forget() },
      );
      if (sent.status >= 400) throw refusalOf(sent.body);
      return read('bolt', schema, sent.body);
    },
  };
}

const Problem = z.object({ errors: z.array(z.object({ code: z.int(), message: z.string() })) });

function refusalOf(body: unknown): GatewayRejected {
  const parsed = z.safeParse(Problem, body);
  const { code = 0, message = 'bolt refused without a reason.' } =
    (parsed.success ? parsed.data.errors[0] : undefined) ?? {};
  return new GatewayRejected('bolt', String(code), message);
}
