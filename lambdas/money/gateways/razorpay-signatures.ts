import * as z from 'zod/mini';
import { type Confirmation, SignatureError, type WebhookEvent } from './gateway.ts';
import { hmac, isSame } from './hmac.ts';
import type { RazorpayKeys } from './razorpay-client.ts';

const Checkout = z.object({
  razorpay_order_id: z.string(),
  razorpay_payment_id: z.string(),
  razorpay_signature: z.string(),
});

/** What Razorpay's checkout gave the app. It proves a payment of this order, not that it was captured. */
export function verifyCheckout(
  { key_secret }: RazorpayKeys,
  input: Readonly<Record<string, string>>,
): Confirmation {
  const parsed = z.safeParse(Checkout, input);
  if (!parsed.success) throw new SignatureError('razorpay', 'a field is missing');
  const { razorpay_order_id: order, razorpay_payment_id: payment, razorpay_signature } = parsed.data;
  if (!isSame(hmac(key_secret, `${order}|${payment}`, 'hex'), razorpay_signature))
    throw new SignatureError('razorpay', 'the checkout’s fields were not signed so');
  return { key: null, reference: order };
}

const notes = z.optional(z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]));
const entity = z.object({
  entity: z.object({
    id: z.string(),
    order_id: z.optional(z.nullable(z.string())),
    notes,
  }),
});
const Event = z.object({
  event: z.string(),
  payload: z.object({
    payment: z.optional(entity),
    order: z.optional(entity),
    refund: z.optional(entity),
    dispute: z.optional(entity),
  }),
});

/**
 * Checks a webhook. Razorpay signs the body alone and repeats it for a day, so it has no age that could be refused; the id in the
 * header is not signed: whoever changes it makes us look at the same payment once more.
 */
export function readRazorpayEvent(
  { webhook_secret }: RazorpayKeys,
  rawBody: string,
  headers: Readonly<Record<string, string | undefined>>,
): WebhookEvent {
  if (!isSame(hmac(webhook_secret, rawBody, 'hex'), headers['x-razorpay-signature'] ?? ''))
    throw new SignatureError('razorpay', 'the body was not signed so');
  const { event, payload } = z.parse(Event, JSON.parse(rawBody));
  const { payment, order, refund, dispute } = payload;
  const subject = refund?.entity.notes ?? payment?.entity.notes ?? order?.entity.notes;
  const key = subject && !Array.isArray(subject) ? subject.key : undefined;
  return {
    event_id: headers['x-razorpay-event-id'] ?? hmac(webhook_secret, rawBody, 'hex'),
    kind: event,
    reference: order?.entity.id ?? payment?.entity.order_id ?? null,
    refund_reference: refund?.entity.id ?? null,
    dispute_reference: dispute?.entity.id ?? null,
    key: typeof key === 'string' ? key : null,
    object: null,
    account: null,
  };
}
