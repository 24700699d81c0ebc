import { createHmac } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';

/** What a deployment writes into the secret of a gateway until somebody fills it in: anybody who reads this code can sign with it. */
const GUESSED = 'fill-me-in';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const mac = (text: string, encoding: 'hex' | 'base64' = 'hex') =>
  createHmac('sha256', GUESSED).update(text).digest(encoding);
const seconds = () => Math.floor(Date.now() / 1000);

const forgeries = {
  stripe: {
    marketplace: 'driveway',
    body: {
      id: 'evt_forged',
      object: 'event',
      type: 'payment_intent.succeeded',
      data: { object: { id: 'pi_1', object: 'payment_intent', metadata: {} } },
    },
    sign: (body: string) => ({ 'stripe-signature': `t=${seconds()},v1=${mac(`${seconds()}.${body}`)}` }),
  },
  razorpay: {
    marketplace: 'handie',
    body: { event: 'order.paid', payload: { order: { entity: { id: 'order_1', notes: {} } } } },
    sign: (body: string) => ({ 'x-razorpay-signature': mac(body), 'x-razorpay-event-id': 'forged' }),
  },
  paymongo: {
    marketplace: 'spacall',
    body: {
      data: {
        id: 'evt_forged_too',
        attributes: {
          type: 'payment.paid',
          livemode: true,
          data: { id: 'pi_1', type: 'payment_intent', attributes: {} },
        },
      },
    },
    sign: (body: string) => ({
      'paymongo-signature': `t=${seconds()},te=,li=${mac(`${seconds()}.${body}`)}`,
    }),
  },
  bolt: {
    marketplace: 'recovery',
    body: { id: 'TA_forged', type: 'payment', status: 'completed', reference: 'ABCD-1234-EFGH' },
    sign: (body: string) => ({ 'x-bolt-hmac-sha256': mac(body, 'base64') }),
  },
} as const;

test.each(Object.entries(forgeries))(
  '%s tells nothing while its secret is not filled in',
  async (gateway, { marketplace, body, sign }) => {
    // No secret is kept that was read before, nor the one that is read now.
    vi.spyOn(performance, 'now').mockReturnValue(Number.NaN);
    vi.stubEnv(`MONEY_${gateway.toUpperCase()}_SECRET_ARN`, process.env.MONEY_UNFILLED_SECRET_ARN);
    const raw = JSON.stringify(body);
    const answer = await anonymous(marketplace).post(`/api/v1/webhooks/${gateway}`, undefined, {
      raw,
      headers: sign(raw),
    });
    expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
    expect(await asOwner(sql`select event_id from money.webhook_events where event_id ~ 'forged'`)).toEqual(
      [],
    );
  },
);
