import * as z from 'zod/mini';
import { amount, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { planCode, Subscription } from './subscriptions.ts';

const Period = z.object({
  kind: z.enum(['start', 'renewal', 'change']).check(z.meta({ examples: ['renewal'] })),
  plan: planCode,
  price: amount,
  /** What was not used of the period before, which a change had cut short. */
  credit: amount,
  amount,
  period_start: z.nullable(instant),
  period_end: z.nullable(instant),
  status: z.enum(['open', 'paid', 'refunded']).check(z.meta({ examples: ['paid'] })),
  payment_id: z.nullable(id('payment')),
});

const Shown = z.extend(Subscription, { periods: z.array(Period) });

/** Shows a subscription of the caller's with its last periods, at most 36, newest first. */
export const showSubscription = useCase({
  route: 'GET /api/v1/subscriptions/{subscription_id}',
  summary: 'Show a subscription',
  access: signedIn(),
  input: z.strictObject({ subscription_id: id('subscription') }),
  output: Shown,
  run: ({ subscription_id }, { db, actor }) =>
    db.one(
      sql`
        select s.*, array(
            select to_jsonb(c) from (
              select c.kind, c.plan, c.price, c.credit, c.amount, c.period_start, c.period_end, c.status, c.payment_id
              from money.subscription_charges c where c.subscription_id = s.id and c.status <> 'void'
              order by c.id desc
              limit 36) as c) as periods
        from money.shown_subscriptions s
        where s.id = ${subscription_id}::uuid and s.user_id = ${actor}::uuid`,
      Shown,
    ),
});

export const handler = http(showSubscription);
