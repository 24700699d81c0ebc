import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { chargeRefusals, fullWish, howToPay, wishOf } from './charge.ts';
import { ALL_GATEWAYS } from './payments.ts';
import { changeRefusals, PaidSubscription, payFor, planCode, Subscription } from './subscriptions.ts';

/**
 * Changes the plan. One that costs more begins as soon as it is paid for, less what is not used of the present period; one that does
 * not begins with the next period, and so does the return to the present plan. The quote says what it would cost.
 */
export const changeSubscription = useCase({
  route: 'POST /api/v1/subscriptions/{subscription_id}/change',
  summary: 'Change the plan of a subscription',
  access: signedIn(),
  input: z.strictObject({ subscription_id: id('subscription'), plan: planCode, ...howToPay }),
  output: PaidSubscription,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: { ...chargeRefusals, ...changeRefusals },
  async run({ subscription_id, plan, ...input }, { db, marketplace }) {
    const wish = { plan, ...fullWish(marketplace, wishOf(input)) };
    const { subject, payment } = await payFor(
      db,
      marketplace,
      sql`select money.change_subscription(${subscription_id}::uuid, ${wish}::jsonb) as opened`,
    );
    return { subscription: z.parse(Subscription, subject), payment };
  },
});

export const handler = http(changeSubscription);
