import * as z from 'zod/mini';
import { type Confirmation, SignatureError, type WebhookEvent } from './gateway.ts';
import { isSigned, textOf } from './paytm-checksum.ts';
import type { PaytmKeys } from './paytm-client.ts';

type Form = Readonly<Record<string, string>>;

/** The form that Paytm sends the person back with. It is signed and may be old: read the order. */
export function verifyCallback({ merchant_key }: PaytmKeys, form: Form): Confirmation {
  if (!isSigned(textOf(form), form.CHECKSUMHASH ?? '', merchant_key))
    throw new SignatureError('paytm', 'the form was not signed so');
  const { ORDERID: reference = '' } = form;
  return { key: reference, reference };
}

/**
 * Checks a webhook: of a payment a form, of a refund JSON (paytmpayments.com/docs, webhooks). Paytm signs no time and gives events no
 * id, so one is what it says of its object: whoever repeats it makes us look at nothing new.
 */
export function readPaytmEvent(keys: PaytmKeys, rawBody: string): WebhookEvent {
  return rawBody.startsWith('{') ? readRefundEvent(keys, rawBody) : readPaymentEvent(keys, rawBody);
}

function readPaymentEvent(keys: PaytmKeys, rawBody: string): WebhookEvent {
  const form = Object.fromEntries(new URLSearchParams(rawBody));
  const { reference } = verifyCallback(keys, form);
  return {
    ...about(reference),
    event_id: `${reference}:${form.TXNID}:${form.STATUS}`,
    kind: form.STATUS ?? '',
    key: reference,
  };
}

const RefundEvent = z.object({
  head: z.object({ signature: z.string() }),
  body: z.looseObject({ orderId: z.string(), refId: z.string(), status: z.string() }),
});

function readRefundEvent({ merchant_key }: PaytmKeys, rawBody: string): WebhookEvent {
  const written = parse(rawBody);
  const parsed = z.safeParse(RefundEvent, written);
  if (!parsed.success) throw new SignatureError('paytm', 'the body is no event', parsed.error);
  const { head, body } = parsed.data;
  // What was signed is the text of `body`, with its fields in their order.
  if (!isSigned(JSON.stringify(written.body), head.signature, merchant_key))
    throw new SignatureError('paytm', 'the body was not signed so');
  const refund = `${body.orderId}/${body.refId}`;
  return {
    ...about(body.orderId),
    event_id: `${refund}:${body.status}`,
    kind: `REFUND_${body.status}`,
    refund_reference: refund,
    key: body.refId,
  };
}

function parse(rawBody: string): { body?: unknown } {
  try {
    return JSON.parse(rawBody);
  } catch (error) {
    throw new SignatureError('paytm', 'the body is no JSON', error);
  }
}

const about = (reference: string) => ({
  reference,
  refund_reference: null,
  dispute_reference: null,
  object: null,
  account: null,
});
