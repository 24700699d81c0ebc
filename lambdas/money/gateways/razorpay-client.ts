import * as z from 'zod/mini';
import { environment } from '../../kernel/environment.ts';
import { Account } from './account.ts';
import { GatewayDeclined, GatewayRejected } from './gateway.ts';
import { basic, PATIENCE, read, send } from './send.ts';

const account = new Account(
  'razorpay',
  'MONEY_RAZORPAY_SECRET_ARN',
  z.object({
    key_id: z.string(),
    key_secret: z.string(),
    webhook_secret: z.string(),
    /** Of RazorpayX: the account that payouts leave, and the secret of their webhooks. */
    payout_account_number: z.optional(z.string()),
    payout_webhook_secret: z.optional(z.string()),
  }),
);

export type RazorpayKeys = Awaited<ReturnType<typeof account.of>>;

type Options = { body?: unknown; headers?: Record<string, string> };

export type Razorpay = {
  keys: RazorpayKeys;
  /** Without a schema the answer is not looked at. Throws GatewayDeclined, GatewayRejected, GatewayUnavailable. */
  call<T>(method: string, path: string, schema?: z.ZodMiniType<T>, options?: Options): Promise<T>;
};

export async function openRazorpay(marketplace: string, patience = PATIENCE): Promise<Razorpay> {
  const keys = await account.of(marketplace);
  return {
    keys,
    async call(method, path, schema = z.any(), { body, headers } = {}) {
      const sent = await send(
        'razorpay',
        `${environment('RAZORPAY_API_URL')}/v1/${path}`,
        {
          method,
          headers: {
            authorization: basic(keys.key_id, keys.key_secret),
            'content-type': 'application/json',
            ...headers,
          },
          body: body === undefined ? undefined : JSON.stringify(body),
        },
        { patience, forget: () => account.forget() },
      );
      if (sent.status >= 400) throw refusalOf(sent.body);
      return read('razorpay', schema, sent.body);
    },
  };
}

/** The account at RazorpayX that a marketplace's payouts leave, or null where none is filled in. */
export async function payoutAccountOf(marketplace: string): Promise<string | null> {
  const number = (await account.find(marketplace))?.payout_account_number ?? '';
  return /^[A-Za-z0-9]{5,40}$/.test(number) ? number : null;
}

const Problem = z.object({
  error: z.object({
    code: z.string(),
    description: z.string(),
    step: z.optional(z.nullable(z.string())),
    reason: z.optional(z.nullable(z.string())),
  }),
});

/** What happened while a person's money was asked for is a decline; everything else is our request. */
function refusalOf(body: unknown): Error {
  const parsed = z.safeParse(Problem, body);
  if (!parsed.success)
    return new GatewayRejected('razorpay', 'rejected', 'razorpay refused without a reason.');
  const { code, description, step, reason } = parsed.data.error;
  const isDecline = step === 'payment_authentication' || step === 'payment_authorization';
  return isDecline
    ? new GatewayDeclined('razorpay', reason ?? code, description)
    : new GatewayRejected('razorpay', reason && reason !== 'NA' ? reason : code, description);
}
