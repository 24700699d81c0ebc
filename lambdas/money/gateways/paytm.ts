import * as z from 'zod/mini';
import { fromMajor, toMajor } from '../currencies.ts';
import {
  type Charge,
  type Gateway,
  type GatewayPayment,
  GatewayRejected,
  type GatewayStatus,
  responseOf,
} from './gateway.ts';
import { openPaytm, type PaytmKeys } from './paytm-client.ts';
import { paytmRefunds } from './paytm-refunds.ts';
import { readPaytmEvent, verifyCallback } from './paytm-signatures.ts';

const Token = z.object({ txnToken: z.string() });

const Status = z.object({
  resultInfo: z.object({ resultStatus: z.string(), resultCode: z.string(), resultMsg: z.string() }),
  txnId: z.optional(z.string()),
  txnAmount: z.optional(z.string()),
  refundAmt: z.optional(z.string()),
  paymentMode: z.optional(z.string()),
  gatewayName: z.optional(z.string()),
  txnDate: z.optional(z.string()),
});

/** Nobody tried to pay the order, or Paytm never heard of it: repeating `create` with its key changes neither. */
const NOT_TRIED = new Set(['331', '334']);

const STATUSES: Readonly<Record<string, GatewayStatus>> = {
  TXN_SUCCESS: 'captured',
  TXN_FAILURE: 'failed',
  PENDING: 'processing',
};

/**
 * Paytm (paytmpayments.com/docs/api): our key is the order's id and so the reference, and repeating it finds the same order.
 * Paytm takes rupees only, at once, and cannot close an order: `cancel` says that nobody paid it yet.
 *
 * @param patience milliseconds that one call may take
 */
export function paytm(marketplace: string, patience?: number): Gateway {
  const open = () => openPaytm(marketplace, patience);

  async function look(reference: string) {
    const api = await open();
    const body = { mid: api.keys.merchant_id, orderId: reference };
    return { api, status: await api.call('v3/order/status', Status, body) };
  }

  async function read(reference: string): Promise<GatewayPayment> {
    const { api, status } = await look(reference);
    return paymentOf(reference, status, api.keys);
  }

  return {
    name: 'paytm',
    async create(charge) {
      const api = await open();
      const { merchant_id: mid, website } = api.keys;
      const query = new URLSearchParams({ mid, orderId: charge.key });
      const body = { mid, websiteName: website, ...orderOf(charge, marketplace) };
      const { txnToken } = await api.call(`theia/api/v1/initiateTransaction?${query}`, Token, body);
      const untried = { resultInfo: { resultStatus: 'NO_RECORD_FOUND', resultCode: '331', resultMsg: '' } };
      const payment = paymentOf(charge.key, untried, api.keys);
      const amount = toMajor(charge.amount, charge.currency);
      return { ...payment, client: { ...payment.client, txn_token: txnToken, amount } };
    },
    read,
    find: read,
    // What Paytm says to be paid is captured.
    capture: read,
    async cancel(reference) {
      const payment = await read(reference);
      const isUnpaid = payment.status === 'requires_action' || payment.status === 'failed';
      return isUnpaid ? { ...payment, status: 'cancelled' } : payment;
    },
    ...paytmRefunds(
      open,
      async reference => {
        const { status } = await look(reference);
        const { txnId, resultInfo } = status;
        if (resultInfo.resultStatus === 'TXN_SUCCESS' && txnId) return txnId;
        throw new GatewayRejected('paytm', 'not_captured', 'There is nothing to refund.');
      },
      marketplace,
    ),
    async confirm(input) {
      return verifyCallback((await open()).keys, input);
    },
    async webhook(rawBody) {
      return readPaytmEvent((await open()).keys, rawBody);
    },
  };
}

function orderOf(charge: Charge, marketplace: string) {
  const { key, amount, currency, customer, return_url, method } = charge;
  if (currency !== 'INR')
    throw new GatewayRejected('paytm', 'currency_unsupported', `Paytm does not take ${currency}.`);
  if (charge.payment_method)
    throw new GatewayRejected('paytm', 'payment_method_unsupported', 'Saved methods are not charged.');
  if (charge.capture === 'later')
    throw new GatewayRejected('paytm', 'capture_later_unsupported', 'Paytm takes the money at once.');
  return {
    requestType: 'Payment',
    orderId: key,
    callbackUrl: return_url,
    txnAmount: { value: toMajor(amount, currency), currency },
    userInfo: {
      custId: customer.reference ?? key,
      email: customer.email,
      mobile: customer.phone,
      firstName: customer.name,
    },
    enablePaymentMode: method ? [{ mode: MODES[method] ?? method.toUpperCase() }] : undefined,
    extendInfo: { mercUnqRef: marketplace },
  };
}

/** Paytm's names of methods, where they are not ours in capitals. */
const MODES: Readonly<Record<string, string>> = {
  card: 'CARD',
  wallet: 'BALANCE',
  net_banking: 'NET_BANKING',
};

function paymentOf(
  reference: string,
  { resultInfo, txnAmount, refundAmt, ...said }: z.output<typeof Status>,
  { merchant_id }: PaytmKeys,
): GatewayPayment {
  const { resultStatus, resultCode, resultMsg } = resultInfo;
  const status = NOT_TRIED.has(resultCode) ? 'requires_action' : (STATUSES[resultStatus] ?? 'processing');
  return {
    reference,
    status,
    amount_captured: status === 'captured' ? fromMajor(txnAmount ?? '0', 'INR') : 0,
    amount_refunded: status === 'captured' ? fromMajor(refundAmt ?? '0', 'INR') : 0,
    fee: null,
    failure: status === 'failed' ? { code: resultCode, message: resultMsg } : null,
    client: { order_id: reference, merchant_id },
    response: responseOf({
      status: resultStatus,
      code: resultCode,
      transaction: said.txnId,
      amount: txnAmount,
      method: said.paymentMode,
      gateway: said.gatewayName,
      date: said.txnDate,
    }),
  };
}
