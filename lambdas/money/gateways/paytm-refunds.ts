import * as z from 'zod/mini';
import { toMajor } from '../currencies.ts';
import { type Gateway, type GatewayRefund, GatewayRejected } from './gateway.ts';
import type { Paytm } from './paytm-client.ts';

const Result = z.object({
  resultInfo: z.object({ resultStatus: z.string(), resultCode: z.string(), resultMsg: z.string() }),
});

/** Paytm knows no refund with this reference. */
const UNKNOWN = '631';

/**
 * Refunds at Paytm: our key is the refund's id, which Paytm takes once. To find a refund it wants the order too, so a refund's
 * reference is `<order>/<refund>`.
 *
 * @param transactionOf Paytm's own id of an order that was paid
 */
export function paytmRefunds(
  open: () => Promise<Paytm>,
  transactionOf: (order: string) => Promise<string>,
  marketplace: string,
): Pick<Gateway, 'refund' | 'readRefund'> {
  async function look(order: string, refund: string) {
    const api = await open();
    const body = { mid: api.keys.merchant_id, orderId: order, refId: refund };
    return (await api.call('v2/refund/status', Result, body)).resultInfo;
  }

  return {
    async refund(order, amount, key) {
      const api = await open();
      const { resultInfo } = await api.call('refund/apply', Result, {
        mid: api.keys.merchant_id,
        txnType: 'REFUND',
        orderId: order,
        refId: key,
        txnId: await transactionOf(order),
        refundAmount: toMajor(amount, 'INR'),
        comments: marketplace,
      });
      if (resultInfo.resultStatus !== 'TXN_FAILURE') return refundOf(order, key, resultInfo);
      // Refused as a repetition, or in itself: only in the first case there is one.
      const known = await look(order, key);
      if (known.resultCode !== UNKNOWN) return refundOf(order, key, known);
      throw new GatewayRejected('paytm', resultInfo.resultCode, resultInfo.resultMsg);
    },
    async readRefund(reference) {
      const [order = '', refund = ''] = reference.split('/');
      const known = await look(order, refund);
      if (known.resultCode !== UNKNOWN) return refundOf(order, refund, known);
      throw new GatewayRejected('paytm', UNKNOWN, known.resultMsg);
    },
  };
}

function refundOf(
  order: string,
  refund: string,
  { resultStatus, resultCode, resultMsg }: z.output<typeof Result>['resultInfo'],
): GatewayRefund {
  const hasFailed = resultStatus === 'TXN_FAILURE';
  return {
    reference: `${order}/${refund}`,
    status: hasFailed ? 'failed' : resultStatus === 'TXN_SUCCESS' ? 'succeeded' : 'pending',
    failure: hasFailed ? { code: resultCode, message: resultMsg } : null,
  };
}
