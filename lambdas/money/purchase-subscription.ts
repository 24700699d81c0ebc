import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { chargeRefusals, fullWish, howToPay, wishOf } from './charge.ts';
import { ALL_GATEWAYS } from './payments.ts';
import { PaidSubscription, payFor, planCode, planRefusals, Subscription } from './subscriptions.ts';

/**
 * Buys a plan: the subscription waits for its payment and is active as soon as that has succeeded. Bought again before, it is the same
 * one. The price is the plan's.
 */
export const purchaseSubscription = useCase({
  route: 'POST /api/v1/subscriptions/purchase',
  summary: 'Buy a plan',
  access: signedIn(),
  input: z.strictObject({ plan: planCode, ...howToPay }),
  output: PaidSubscription,
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: { ...chargeRefusals, ...planRefusals },
  async run({ plan, ...input }, { db, marketplace }) {
    const wish = { plan, ...fullWish(marketplace, wishOf(input)) };
    const { subject, payment } = await payFor(
      db,
      marketplace,
      sql`select money.open_subscription(${wish}::jsonb) as opened`,
    );
    return { subscription: z.parse(Subscription, subject), payment };
  },
});

export const handler = http(purchaseSubscription);
