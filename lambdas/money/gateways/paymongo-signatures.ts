import * as z from 'zod/mini';
import { SignatureError, type WebhookEvent } from './gateway.ts';
import { hmac, isSame } from './hmac.ts';
import type { PaymongoKeys } from './paymongo-client.ts';

/** Seconds that a webhook may be old: PayMongo signs each delivery anew. */
const TOLERANCE = 300;

const Event = z.object({
  data: z.object({
    id: z.string(),
    attributes: z.object({
      type: z.string(),
      livemode: z.boolean(),
      data: z.object({
        id: z.string(),
        type: z.string(),
        attributes: z.object({
          payment_intent_id: z.optional(z.nullable(z.string())),
          metadata: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
        }),
      }),
    }),
  }),
});

/** Checks a webhook (developers.paymongo.com, securing a webhook): `t=<seconds>,te=<of test mode>,li=<of live mode>`. */
export function readPaymongoEvent(keys: PaymongoKeys, rawBody: string, header: string): WebhookEvent {
  const parts = new Map(header.split(',').map(part => part.split('=') as [string, string]));
  const signed = hmac(keys.webhook_secret, `${parts.get('t')}.${rawBody}`, 'hex');
  // Which of the two it is, the body says: it is read once either was right.
  if (!['te', 'li'].some(mode => isSame(signed, parts.get(mode) ?? '')))
    throw new SignatureError('paymongo', 'the body was not signed so');
  const age = Date.now() / 1000 - Number(parts.get('t'));
  if (!(Math.abs(age) <= TOLERANCE)) throw new SignatureError('paymongo', 'it is older than five minutes');
  const { id, attributes } = z.parse(Event, JSON.parse(rawBody)).data;
  if (!isSame(signed, parts.get(attributes.livemode ? 'li' : 'te') ?? ''))
    throw new SignatureError('paymongo', 'it is of the other mode');
  const { data } = attributes;
  const { payment_intent_id, metadata } = data.attributes;
  const key = metadata?.key;
  const isOf = (type: string) => (data.type === type ? data.id : null);
  return {
    event_id: id,
    kind: attributes.type,
    reference: isOf('payment_intent') ?? payment_intent_id ?? null,
    refund_reference: isOf('refund'),
    dispute_reference: isOf('dispute'),
    key: typeof key === 'string' ? key : null,
    object: null,
    account: null,
  };
}
