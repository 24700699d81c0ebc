import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { endedRefusals, Subscription } from './subscriptions.ts';

/** Cancels a subscription: it lasts as long as it is paid for. One that is not paid for ends at once. */
export const cancelSubscription = useCase({
  route: 'POST /api/v1/subscriptions/{subscription_id}/cancel',
  summary: 'Cancel a subscription',
  access: signedIn(),
  input: z.strictObject({ subscription_id: id('subscription') }),
  output: Subscription,
  refusals: endedRefusals,
  run: ({ subscription_id }, { db }) =>
    db.one(sql`select s.* from money.cancel_subscription(${subscription_id}::uuid) as s`, Subscription),
});

export const handler = http(cancelSubscription);
