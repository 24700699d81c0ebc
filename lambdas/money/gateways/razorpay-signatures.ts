import * as z from 'zod/mini';
import { type Confirmation, SignatureError, type WebhookEvent } from './gateway.ts';
import { hmac, isSame } from './hmac.ts';
import type { RazorpayKeys } from './razorpay-client.ts';
import { notesOf } from './razorpay-objects.ts';

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

const entity = z.object({
  entity: z.object({
    id: z.string(),
    order_id: z.optional(z.nullable(z.string())),
    customer_id: z.optional(z.nullable(z.string())),
    token_id: z.optional(z.nullable(z.string())),
    notes: notesOf,
  }),
});
const Event = z.object({
  event: z.string(),
  payload: z.object({
    payment: z.optional(entity),
    order: z.optional(entity),
    refund: z.optional(entity),
    dispute: z.optional(entity),
    token: z.optional(entity),
    payout: z.optional(entity),
  }),
});

/**
 * Checks a webhook. Razorpay signs the body alone and repeats it for a day, so it has no age that could be refused; the id in the
 * header is not signed: whoever changes it makes us look at the same payment once more. Those of payouts have a secret of their own.
 */
export function readRazorpayEvent(
  { webhook_secret, payout_webhook_secret }: RazorpayKeys,
  rawBody: string,
  headers: Readonly<Record<string, string | undefined>>,
): WebhookEvent {
  const signature = headers['x-razorpay-signature'] ?? '';
  const isSigned = (secret: string | undefined) =>
    secret !== undefined && isSame(hmac(secret, rawBody, 'hex'), signature);
  if (!isSigned(webhook_secret) && !isSigned(payout_webhook_secret))
    throw new SignatureError('razorpay', 'the body was not signed so');
  const { event, payload } = z.parse(Event, JSON.parse(rawBody));
  const { payment, order, refund, dispute, token, payout } = payload;
  const key = (refund ?? payment ?? order ?? payout)?.entity.notes.key;
  return {
    event_id: headers['x-razorpay-event-id'] ?? hmac(webhook_secret, rawBody, 'hex'),
    kind: event,
    reference: order?.entity.id ?? payment?.entity.order_id ?? null,
    refund_reference: refund?.entity.id ?? null,
    dispute_reference: dispute?.entity.id ?? null,
    key: typeof key === 'string' ? key : null,
    object: objectOf({ token, payout }),
    account: null,
    customer: token?.entity.customer_id ?? authorizedBy(event, payment),
  };
}

type Entity = z.output<typeof entity> | undefined;

function objectOf(entities: Readonly<Record<'token' | 'payout', Entity>>): WebhookEvent['object'] {
  for (const [type, object] of Object.entries(entities)) if (object) return { type, id: object.entity.id };
  return null;
}

/** A token is there, at the latest, when a payment that leaves one is authorised. */
const authorizedBy = (event: string, payment: Entity) =>
  event === 'payment.authorized' && payment?.entity.token_id ? (payment.entity.customer_id ?? null) : null;
