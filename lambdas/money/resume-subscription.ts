import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { endedRefusals, Subscription } from './subscriptions.ts';

/** Takes a cancellation back while the subscription lasts: it is renewed again. */
export const resumeSubscription = useCase({
  route: 'POST /api/v1/subscriptions/{subscription_id}/resume',
  summary: 'Resume a subscription that was cancelled',
  access: signedIn(),
  input: z.strictObject({ subscription_id: id('subscription') }),
  output: Subscription,
  refusals: { subscription_ended: endedRefusals.subscription_ended },
  run: ({ subscription_id }, { db }) =>
    db.one(sql`select s.* from money.resume_subscription(${subscription_id}::uuid) as s`, Subscription),
});

export const handler = http(resumeSubscription);
