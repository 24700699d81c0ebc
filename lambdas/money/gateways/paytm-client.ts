import * as z from 'zod/mini';
import { environment } from '../../kernel/environment.ts';
import { Account } from './account.ts';
import { GatewayRejected, GatewayUnavailable } from './gateway.ts';
import { sign } from './paytm-checksum.ts';
import { PATIENCE, read, send } from './send.ts';

const account = new Account(
  'paytm',
  'MONEY_PAYTM_SECRET_ARN',
  z.object({
    merchant_id: z.string(),
    /** Sixteen characters. */
    merchant_key: z.string(),
    /** `DEFAULT` in production, `WEBSTAGING` in Paytm's staging. */
    website: z.string(),
  }),
);

export type PaytmKeys = Awaited<ReturnType<typeof account.of>>;

export type Paytm = {
  keys: PaytmKeys;
  /** Signs the body and reads the answer's. Throws GatewayRejected, GatewayUnavailable. */
  call<T>(path: string, schema: z.ZodMiniType<T>, body: object): Promise<T>;
};

const Answer = z.object({
  body: z.object({
    resultInfo: z.object({ resultStatus: z.string(), resultCode: z.string(), resultMsg: z.string() }),
  }),
});

export async function openPaytm(marketplace: string, patience = PATIENCE): Promise<Paytm> {
  const keys = await account.of(marketplace);
  return {
    keys,
    async call(path, schema, content) {
      // The signature is of exactly this text.
      const body = JSON.stringify(content);
      const signature = sign(body, keys.merchant_key);
      const sent = await send(
        'paytm',
        `${environment('PAYTM_API_URL')}/${path}`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: `{"body":${body},"head":${JSON.stringify({ signature })}}`,
        },
        { patience, forget: () => account.forget() },
      );
      const { resultStatus, resultCode, resultMsg } = read('paytm', Answer, sent.body).body.resultInfo;
      // F: refused. U: Paytm itself does not know.
      if (resultStatus === 'U') throw new GatewayUnavailable('paytm', resultCode, resultMsg);
      if (resultStatus === 'F') throw new GatewayRejected('paytm', resultCode, resultMsg);
      return read('paytm', z.object({ body: schema }), sent.body).body;
    },
  };
}
