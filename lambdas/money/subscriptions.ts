import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import type { Database } from '../kernel/database.ts';
import { amount, count, currency, flag, id, instant, text } from '../kernel/fields.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { ask, Charge, chargeRefusals, Paid } from './charge.ts';
import { customerTaken } from './payment-methods.ts';
import { Payment } from './payments.ts';

export const planCode = text(1, 40, 'tenant_premium');
const benefits = z.array(text(1, 40, 'advanced_filters'));
const role = text(1, 40, 'tenant');

/** What people subscribe to. The amount is of one period. */
export const Plan = z.object({
  code: planCode,
  name: text(1, 100, 'Tenant Premium'),
  role,
  currency,
  amount,
  months: count(1, 36, 1),
  benefits,
});

/** What is paid for once and valid for some days. */
export const Product = z.object({
  code: text(1, 40, 'premium_listing'),
  name: text(1, 100, 'Premium listing'),
  role: text(1, 40, 'host'),
  currency,
  amount,
  days: count(1, 3660, 45),
  covers: text(1, 40, 'listing'),
  benefits,
});

/** A subscription as its subscriber sees it: a row of `money.shown_subscriptions`. Periods are half-open. */
export const Subscription = z.object({
  id: id('subscription'),
  plan: planCode,
  name: text(1, 100, 'Tenant Premium'),
  role,
  status: z
    .enum(['pending', 'active', 'past_due', 'cancelled', 'expired'])
    .check(z.meta({ examples: ['active'] })),
  currency,
  /** What the present period is worth. */
  amount,
  months: count(1, 36, 1),
  benefits,
  current_period_start: z.nullable(instant),
  current_period_end: z.nullable(instant),
  cancel_at_period_end: flag,
  /** The plan of the next period, where it is another, and what that period costs: null where there is none. */
  next_plan: z.nullable(planCode),
  next_amount: z.nullable(amount),
  /** What is to be paid now, by `POST /api/v1/payments/initiate`. */
  amount_due: z.nullable(amount),
  ended_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

/** What was bought for some days: a row of `money.shown_passes`. Valid from `starts_at` on and before `expires_at`. */
export const ListingPass = z.object({
  id: id('listing_pass'),
  product: text(1, 40, 'premium_listing'),
  name: text(1, 100, 'Premium listing'),
  covers: text(1, 40, 'listing'),
  /** What it is for. Null while it waits to be used. */
  subject_id: z.nullable(id('subject')),
  status: z.enum(['pending', 'active', 'cancelled', 'expired']).check(z.meta({ examples: ['active'] })),
  currency,
  amount,
  days: count(1, 3660, 45),
  benefits,
  starts_at: z.nullable(instant),
  expires_at: z.nullable(instant),
  created_at: instant,
  updated_at: instant,
});

/** A plan that is changed or bought: what it is for then, and its payment, null where there is nothing to pay. */
export const PaidSubscription = z.object({ subscription: Subscription, payment: z.nullable(Paid) });

const Opened = z.object({
  opened: z.object({
    subject: z.unknown(),
    payment: z.nullable(Payment),
    charge: z.nullable(Charge),
  }),
});
const Recorded = z.object({ recorded: z.object({ payment: Payment, subject: z.unknown() }) });

/**
 * Asks the gateway for what a function has opened, and writes its answer down: see `charge`. Two trips.
 *
 * @param opening selects `opened`: { subject, payment, charge }
 * @returns the payment, and the subscription or the pass as it is then
 */
export async function payFor(
  db: Database,
  marketplace: Marketplace,
  opening: ReturnType<typeof sql>,
): Promise<{ subject: unknown; payment: Paid | null }> {
  const { opened } = await db.one(opening, Opened);
  const { subject, charge, payment } = opened;
  if (charge === null) return { subject, payment: payment && { ...payment, client: null } };
  const { report, client, customer } = await ask(charge, marketplace.slug);
  const { recorded } = await db.one(
    customer === undefined
      ? sql`select money.record_subject_attempt(${charge.attempt_id}::uuid, ${report}::jsonb) as recorded`
      : sql`
          select money.record_subject_attempt(${charge.attempt_id}::uuid, ${report}::jsonb) as recorded
          from money.keep_gateway_customer(${charge.gateway}::text, ${customer}::text)`,
    Recorded,
  );
  if (report.failure?.code === 'customer_taken') throw new Refusal(customerTaken);
  return { subject: recorded.subject, payment: { ...recorded.payment, client } };
}

export const planRefusals = {
  plan_not_offered: refuse('plan_not_offered', 422, 'This plan is not offered here.', 'plan'),
  role_missing: refuse('role_missing', 403, 'This is for a role that your account has not.'),
  already_subscribed: refuse(
    'already_subscribed',
    409,
    'You have, or are about to have, another subscription for this role.',
    'plan',
  ),
};

export const endedRefusals = {
  subscription_ended: refuse('subscription_ended', 409, 'This subscription has ended.'),
  payment_in_progress: chargeRefusals.payment_in_progress,
};

export const changeRefusals = {
  ...planRefusals,
  ...endedRefusals,
  subscription_not_active: refuse(
    'subscription_not_active',
    409,
    'This subscription waits to be paid for. Its plan can be changed then.',
  ),
  subscription_ending: refuse(
    'subscription_ending',
    409,
    'This subscription is cancelled. Resume it to change its plan.',
  ),
  same_plan: refuse('same_plan', 409, 'This is the plan already.', 'plan'),
  renewal_paid: refuse(
    'renewal_paid',
    409,
    'The next period is paid for already. The plan can be changed when it has begun.',
  ),
};
