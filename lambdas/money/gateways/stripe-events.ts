import { Stripe } from 'stripe';
import { SignatureError, type WebhookEvent } from './gateway.ts';
import type { StripeAccount } from './stripe-client.ts';

/** Checks a webhook with the library's own code: the signature, and that it was made in the last five minutes. */
export function readStripeEvent(account: StripeAccount, rawBody: string, header: string): WebhookEvent {
  const { webhook_secret, connect_webhook_secret } = account;
  const event = (() => {
    try {
      return account.stripe.webhooks.constructEvent(rawBody, header, webhook_secret);
    } catch (error) {
      if (!connect_webhook_secret) throw refused(error);
    }
    try {
      return account.stripe.webhooks.constructEvent(rawBody, header, connect_webhook_secret);
    } catch (error) {
      throw refused(error);
    }
  })();
  return { event_id: event.id, kind: event.type, account: event.account ?? null, ...subjectOf(event) };
}

const refused = (error: unknown) =>
  error instanceof Stripe.errors.StripeSignatureVerificationError
    ? new SignatureError('stripe', 'it is not Stripe’s, or older than five minutes', error)
    : new SignatureError('stripe', 'the body is no event', error);

/** Fields of the objects that events are about, as far as they say which payment it is. */
type Subject = {
  object: string;
  id: string;
  payment_intent?: string | { id: string } | null;
  metadata?: Record<string, string> | null;
};

function subjectOf(event: Stripe.Event) {
  const { object: type, id, payment_intent, metadata } = event.data.object as unknown as Subject;
  const intent = typeof payment_intent === 'object' ? payment_intent?.id : payment_intent;
  const none = { reference: null, refund_reference: null, dispute_reference: null, object: null };
  const key = metadata?.key ?? null;
  switch (type) {
    case 'payment_intent':
      return { ...none, reference: id, key };
    case 'charge':
      return { ...none, reference: intent ?? null, key };
    case 'refund':
      return { ...none, reference: intent ?? null, refund_reference: id, key };
    case 'dispute':
      return { ...none, reference: intent ?? null, dispute_reference: id, key };
    default:
      return { ...none, key, object: { type, id } };
  }
}
