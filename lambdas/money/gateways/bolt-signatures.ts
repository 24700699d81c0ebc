import * as z from 'zod/mini';
import type { BoltKeys } from './bolt-client.ts';
import { SignatureError, type WebhookEvent } from './gateway.ts';
import { hmac, isSame } from './hmac.ts';

const Hook = z.object({
  id: z.optional(z.nullable(z.string())),
  /** Absent where it is not about a payment. */
  reference: z.optional(z.nullable(z.string())),
  /** Our key: the cart's `order_reference`. */
  order: z.optional(z.nullable(z.string())),
  type: z.string(),
  status: z.optional(z.nullable(z.string())),
  amount: z.optional(z.nullable(z.int())),
  source_transaction_reference: z.optional(z.nullable(z.string())),
});

/**
 * Checks a webhook (help.bolt.com/developers/webhooks). Bolt signs the body alone, repeats it for hours and gives events no id, so one
 * is what it says of its object. A refund is a transaction of its own, with the payment as its source.
 */
export function readBoltEvent(
  { signing_secret }: BoltKeys,
  rawBody: string,
  signature: string,
): WebhookEvent {
  // What is not ASCII is escaped before Bolt signs.
  const text = rawBody.replace(/[\u0080-\uffff]/g, escaped);
  const candidates = [rawBody, text].map(candidate => hmac(signing_secret, candidate, 'base64'));
  if (!candidates.some(candidate => isSame(candidate, signature)))
    throw new SignatureError('bolt', 'the body was not signed so');
  const { id, reference, order, type, status, amount, source_transaction_reference } = z.parse(
    Hook,
    JSON.parse(rawBody),
  );
  const isRefund = type === 'credit';
  return {
    event_id: `${id ?? hmac(signing_secret, rawBody, 'hex')}:${type}:${status ?? ''}:${amount ?? ''}`,
    kind: type,
    reference: (isRefund ? source_transaction_reference : reference) ?? null,
    refund_reference: (isRefund && reference) || null,
    dispute_reference: null,
    key: order ?? null,
    object: null,
    account: null,
  };
}

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
