import * as z from 'zod/mini';
import type { Channel, Notice, Topic } from './notify.ts';
import type { TemplateName } from './templates.ts';

/** An event about one person. What its notice takes beyond that, its rule reads. */
export const PersonalEvent = z.looseObject({ user_id: z.uuid() });

type Facts = Readonly<Record<string, unknown>>;
type Telling = {
  template: TemplateName;
  variables: Record<string, string>;
  topic?: Topic;
  channels?: readonly Channel[];
};

/** How people call their documents. */
const documentOf = ({ type }: Facts): string => String(type).replaceAll('_', ' ');

const payoutOf = ({ number, amount_text }: Facts) => ({
  number: String(number),
  amount: String(amount_text),
});

/** What is told of a payment. */
const paymentOf =
  (template: TemplateName) =>
  ({ description, amount_text }: Facts): Telling => ({
    template,
    topic: 'payments',
    variables: { description: String(description), amount: String(amount_text) },
  });

/** What is told of a subscription. */
const subscriptionOf =
  (template: TemplateName) =>
  ({ name, amount_text, ends_at, time_zone }: Facts): Telling => ({
    template,
    topic: 'payments',
    channels: ['email', 'push', 'sms'],
    variables: {
      name: String(name),
      amount: String(amount_text),
      ends_at: String(ends_at),
      time_zone: String(time_zone),
    },
  });

/** What the person is told of an event, or null where there is nothing to tell. */
const RULES: Readonly<Record<string, (facts: Facts) => Telling | null>> = {
  'verification.document_reviewed': facts => ({
    template: facts.status === 'verified' ? 'document_verified' : 'document_rejected',
    variables: { document: documentOf(facts) },
  }),
  'verification.document_expiring': facts => ({
    template: 'document_expiring',
    variables: { document: documentOf(facts), expires_on: String(facts.expires_on) },
  }),
  'verification.document_expired': facts => ({
    template: 'document_expired',
    variables: { document: documentOf(facts) },
  }),
  'privacy.export_ready': () => ({ template: 'export_ready', variables: {} }),
  'identity.tesla_link_broken': () => ({ template: 'tesla_link_broken', variables: {} }),
  'verification.standing_changed': facts =>
    facts.status === 'verified' ? { template: 'provider_verified', variables: {} } : null,
  'parking.space_reviewed': ({ approval_status, title, reason }) => ({
    template: approval_status === 'approved' ? 'space_approved' : 'space_rejected',
    variables: { resource_name: String(title), reason: String(reason ?? '') },
  }),
  'parking.navigation_failed': ({ number, resource_name }) => ({
    template: 'navigation_failed',
    topic: 'bookings',
    channels: ['push', 'sms', 'email'],
    variables: { number: String(number), resource_name: String(resource_name) },
  }),
  'payment.owed': paymentOf('payment_owed'),
  'payment.lapsed': paymentOf('payment_lapsed'),
  // What was only reserved is not taken: nothing comes back.
  'refund.ordered': facts => (facts.returned_amount === 0 ? null : paymentOf('payment_refunded')(facts)),
  'payout.paid': facts => ({ template: 'payout_paid', topic: 'payments', variables: payoutOf(facts) }),
  'payout.failed': facts => ({ template: 'payout_failed', variables: payoutOf(facts) }),
  // By the ways that a stolen phone's app does not hide.
  'payout.account_added': facts => ({
    template: 'payout_account_added',
    channels: ['email', 'sms'],
    variables: {
      account: String(facts.account),
      usable_at: String(facts.usable_from),
      time_zone: String(facts.time_zone),
    },
  }),
  'subscription.started': subscriptionOf('subscription_started'),
  'subscription.changed': subscriptionOf('subscription_started'),
  'subscription.renewal_due': subscriptionOf('subscription_renewal_due'),
  'subscription.renewed': subscriptionOf('subscription_renewed'),
  'subscription.payment_failed': subscriptionOf('subscription_payment_failed'),
  'subscription.payment_due': subscriptionOf('subscription_payment_due'),
  'subscription.ending': subscriptionOf('subscription_ending'),
  'subscription.cancelled': subscriptionOf('subscription_ended'),
  'subscription.expired': subscriptionOf('subscription_expired'),
  'reviews.requested': facts => ({
    template: 'review_requested',
    topic: 'reviews',
    channels: ['email', 'push', 'sms'],
    variables: Object.fromEntries(
      ['number', 'resource_name', 'closes_at', 'time_zone', 'review_url'].map(name => [
        name,
        String(facts[name]),
      ]),
    ),
  }),
  'reviews.opened': () => ({ template: 'review_received', topic: 'reviews', variables: {} }),
};

export const personalEvents = Object.keys(RULES);

/** The notice to the person whom an event is about: by push where an app is there, else by e-mail, else by SMS, unless its rule says. */
export function personalNotices(type: string, event: z.output<typeof PersonalEvent>): Notice[] {
  const telling = RULES[type]?.(event);
  if (!telling) return [];
  return [{ user_id: event.user_id, channels: ['push', 'email', 'sms'], ...telling }];
}
