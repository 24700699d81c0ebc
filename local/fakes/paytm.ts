import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Fake } from './fake.ts';
import { type Call, type Fields, fieldsOf, type Reply, startProvider, textOf } from './provider.ts';

type Order = {
  id: string;
  amount: string;
  marketplace: string;
  token: string;
  body: string;
  txn?: Transaction;
};
type Transaction = { id: string; status: string; code: string; message: string; refunded: number };
type Refund = { order: Order; amount: number; status: string; code: string; message: string };

/** Paytm's sentences for its codes (paytmpayments.com/docs, response codes). */
const MESSAGES = {
  '01': 'Txn Success',
  '10': 'Refund Successful',
  '227': 'Your payment has been declined by your bank. Please contact your bank for any queries.',
  '235': 'Wallet balance Insufficient, bankName=WALLET',
  '325': 'Duplicate order id',
  '331': 'No Record Found',
  '334': 'Invalid Order ID',
  '601': 'Refund request was raised for this transaction. But it is pending state.',
  '617':
    'Refund Already Raised (If merchant repeated their request within the 10 minutes after initiate the first refund request)',
  '619': 'Invalid refund amount',
  '627': 'Order Details Mismatch',
  '631': 'Record not found',
  '2005': 'Checksum provided is invalid',
} as const;

/**
 * Paytm (paytmpayments.com/docs/api): initiating a transaction, whose order serves once, its status, refunds that are processed later,
 * and webhooks, everything with Paytm's checksum. At `/_pay {"reference", "outcome"}` a person pays an order, and the answer is the
 * form of the callback; of a refund (`order/refund`) it is Paytm that processes it.
 */
export async function startPaytm(): Promise<Fake> {
  const keys = {
    merchant_id: `LOCAL${randomBytes(7).toString('hex')}`,
    merchant_key: randomBytes(8).toString('hex'),
    website: 'WEBSTAGING',
  };
  const orders = new Map<string, Order>();
  const refunds = new Map<string, Refund>();

  const { url, close } = await startProvider(({ announce }) => {
    function initiate(body: Fields, text: string): Reply {
      const id = textOf(body.orderId) ?? '';
      const { value, currency } = fieldsOf(body.txnAmount);
      if (currency !== 'INR' || !/^\d+\.\d\d$/.test(String(value)))
        return failed('F', '2004', 'Amount is invalid');
      const known = orders.get(id);
      if (known && known.body !== text) return failed('F', '325', MESSAGES['325']);
      const marketplace = textOf(fieldsOf(body.extendInfo).mercUnqRef) ?? '';
      const token = randomBytes(16).toString('hex');
      const order = known ?? { id, amount: String(value), marketplace, token, body: text };
      orders.set(id, order);
      const resultInfo = known
        ? { resultStatus: 'S', resultCode: '0002', resultMsg: 'Success Idempotent' }
        : { resultStatus: 'S', resultCode: '0000', resultMsg: 'Success' };
      return answered({ resultInfo, txnToken: order.token, isPromoCodeValid: false, authenticated: false });
    }

    function showStatus(body: Fields): Reply {
      const order = orders.get(textOf(body.orderId) ?? '');
      if (!order) return failed('TXN_FAILURE', '334', MESSAGES['334']);
      const { txn } = order;
      if (!txn) return failed('NO_RECORD_FOUND', '331', MESSAGES['331']);
      return answered({
        resultInfo: { resultStatus: txn.status, resultCode: txn.code, resultMsg: txn.message },
        txnId: txn.id,
        orderId: order.id,
        txnAmount: order.amount,
        txnType: 'SALE',
        mid: keys.merchant_id,
        paymentMode: 'UPI',
        refundAmt: (txn.refunded / 100).toFixed(2),
        txnDate: new Date().toISOString().slice(0, 19).replace('T', ' '),
      });
    }

    function applyRefund(body: Fields): Reply {
      const order = orders.get(textOf(body.orderId) ?? '');
      const { txn } = order ?? {};
      if (!order || !txn || txn.id !== body.txnId || txn.status !== 'TXN_SUCCESS')
        return failed('TXN_FAILURE', '627', MESSAGES['627']);
      const name = `${order.id}/${body.refId}`;
      if (refunds.has(name)) return failed('TXN_FAILURE', '617', MESSAGES['617']);
      const amount = Math.round(Number(body.refundAmount) * 100);
      if (!(amount >= 1 && amount <= Math.round(Number(order.amount) * 100) - txn.refunded))
        return failed('TXN_FAILURE', '619', MESSAGES['619']);
      txn.refunded += amount;
      refunds.set(name, { order, amount, status: 'PENDING', code: '601', message: MESSAGES['601'] });
      return answered({
        resultInfo: { resultStatus: 'PENDING', resultCode: '601', resultMsg: MESSAGES['601'] },
        txnId: txn.id,
        orderId: order.id,
        refId: body.refId,
        refundAmount: body.refundAmount,
        mid: keys.merchant_id,
      });
    }

    function showRefund(body: Fields): Reply {
      const refund = refunds.get(`${body.orderId}/${body.refId}`);
      if (!refund) return failed('TXN_FAILURE', '631', MESSAGES['631']);
      const resultInfo = { resultStatus: refund.status, resultCode: refund.code, resultMsg: refund.message };
      return answered({ resultInfo, orderId: body.orderId, refId: body.refId, mid: keys.merchant_id });
    }

    function answered(body: Fields): Reply {
      const signature = checksum(JSON.stringify(body), keys.merchant_key);
      const head = { responseTimestamp: String(Date.now()), version: 'v1', signature };
      return { status: 200, body: { head, body } };
    }

    const failed = (resultStatus: string, resultCode: string, resultMsg: string) =>
      answered({ resultInfo: { resultStatus, resultCode, resultMsg } });

    function answer(call: Call): Reply {
      const { head, body } = fieldsOf(call.text === '' ? {} : JSON.parse(call.text));
      const fields = fieldsOf(body);
      const text = JSON.stringify(body);
      if (
        !isChecksum(text, String(fieldsOf(head).signature), keys.merchant_key) ||
        fields.mid !== keys.merchant_id
      )
        return failed('F', '2005', MESSAGES['2005']);
      if (call.path === '/theia/api/v1/initiateTransaction') return initiate(fields, text);
      if (call.path === '/v3/order/status') return showStatus(fields);
      if (call.path === '/refund/apply') return applyRefund(fields);
      if (call.path === '/v2/refund/status') return showRefund(fields);
      return { status: 404, body: 'Not Found' };
    }

    function tell(id: string, { marketplace }: Order, body: string, type: string): void {
      announce({ id, marketplace, body, sign: () => ({ 'content-type': type }) });
    }

    function payOrder(order: Order, outcome: unknown, code: unknown): Reply {
      const failure = outcome === 'decline' ? (textOf(code) ?? '227') : undefined;
      const status = outcome === 'pend' ? 'PENDING' : failure ? 'TXN_FAILURE' : 'TXN_SUCCESS';
      const known = order.txn?.status === 'PENDING' ? order.txn.id : undefined;
      const respCode = status === 'PENDING' ? '402' : (failure ?? '01');
      const messages: Readonly<Record<string, string>> = MESSAGES;
      const message = messages[respCode] ?? 'Looks like the payment is not complete.';
      const id = known ?? `${Date.now()}${randomBytes(6).toString('hex').toUpperCase()}`;
      order.txn = { id, status, code: respCode, message, refunded: 0 };
      const form: Record<string, string> = {
        ORDERID: order.id,
        MID: keys.merchant_id,
        TXNID: id,
        TXNAMOUNT: order.amount,
        CURRENCY: 'INR',
        PAYMENTMODE: 'UPI',
        STATUS: status,
        RESPCODE: respCode,
        RESPMSG: message,
        GATEWAYNAME: 'HDFC',
        BANKTXNID: String(randomBytes(5).readUIntBE(0, 5)),
        MERC_UNQ_REF: order.marketplace,
      };
      const values = Object.keys(form)
        .sort()
        .map(name => form[name]);
      form.CHECKSUMHASH = checksum(values.join('|'), keys.merchant_key);
      if (status !== 'PENDING')
        tell(
          `${id}-${status}`,
          order,
          new URLSearchParams(form).toString(),
          'application/x-www-form-urlencoded',
        );
      return { status: 200, body: form };
    }

    function settleRefund(name: string, refund: Refund, outcome: unknown): Reply {
      const { order, amount } = refund;
      const isFailed = outcome === 'fail';
      Object.assign(
        refund,
        isFailed
          ? { status: 'TXN_FAILURE', code: '600', message: 'Invalid refund request or restricted by bank' }
          : { status: 'TXN_SUCCESS', code: '10', message: MESSAGES['10'] },
      );
      if (isFailed && order.txn) order.txn.refunded -= amount;
      const body = {
        txnId: order.txn?.id,
        orderId: order.id,
        txnAmount: order.amount,
        refId: name.slice(order.id.length + 1),
        refundAmount: (amount / 100).toFixed(2),
        status: refund.status,
        mid: keys.merchant_id,
      };
      const signature = checksum(JSON.stringify(body), keys.merchant_key);
      const head = { clientId: 'C11', version: 'v1', responseTimestamp: String(Date.now()), signature };
      tell(
        `${name.replace('/', '-')}-${refund.status}`,
        order,
        JSON.stringify({ head, body }),
        'application/json',
      );
      return { status: 200, body };
    }

    return {
      answer,
      /** `outcome`: `succeed`, `decline` with a `code`, `pend`; of a refund `succeed`, `fail`. */
      pay({ reference, outcome, code }) {
        const name = String(reference);
        const refund = refunds.get(name);
        if (refund) return settleRefund(name, refund, outcome);
        const order = orders.get(name);
        return order ? payOrder(order, outcome, code) : failed('F', '334', MESSAGES['334']);
      },
    };
  });
  return {
    urls: {
      'https://secure.paytmpayments.com': url,
      'https://securestage.paytmpayments.com': url,
    },
    secrets: { 'Vicinity: account at Paytm': keys },
    webhooks: { name: 'paytm', control: `${url}/_webhooks` },
    close,
  };
}

/** As Paytm's own library makes it: a salted digest, encrypted with the merchant's key. */
function checksum(text: string, key: string, salt = randomBytes(3).toString('base64')): string {
  const cipher = createCipheriv('aes-128-cbc', key, '@@@@&&&&####$$$$');
  const digest = createHash('sha256').update(`${text}|${salt}`).digest('hex');
  return Buffer.concat([cipher.update(digest + salt), cipher.final()]).toString('base64');
}

function isChecksum(text: string, given: string, key: string): boolean {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, '@@@@&&&&####$$$$');
    const plain = Buffer.concat([decipher.update(Buffer.from(given, 'base64')), decipher.final()]).toString();
    return checksum(text, key, plain.slice(-4)) === given;
  } catch {
    return false;
  }
}
