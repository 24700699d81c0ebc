import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { chargeRefusals, fullWish, howToPay, keptMethod, wishOf } from './charge.ts';
import { contactMissing, customerTaken, keeperOf } from './payment-methods.ts';
import { ALL_GATEWAYS } from './payments.ts';
import { PaidSubscription, payFor, planCode, planRefusals, Subscription } from './subscriptions.ts';

const keepingUnsupported = refuse(
  'keeping_unsupported',
  422,
  'What is paid with is kept at Razorpay alone. Elsewhere leave a method first.',
  'keep_method',
);

/**
 * Buys a plan: the subscription waits for its payment and is active as soon as that has succeeded. Bought again before, it is the same
 * one. The price is the plan's.
 */
export const purchaseSubscription = useCase({
  route: 'POST /api/v1/subscriptions/purchase',
  summary: 'Buy a plan',
  access: signedIn(),
  input: z
    .strictObject({
      plan: planCode,
      ...howToPay,
      /** At Razorpay: what is paid with is kept too, and charged when the plan renews. */
      keep_method: z.optional(keptMethod),
    })
    .check(
      z.refine(
        ({ keep_method, payment_method, payment_method_id }) =>
          keep_method === undefined || (payment_method ?? payment_method_id) === undefined,
        { error: 'is for a method that is not kept yet', path: ['keep_method'] },
      ),
      z.meta({ examples: [{ plan: 'tenant_premium', keep_method: 'upi' }] }),
    ),
  output: PaidSubscription,
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: [...ALL_GATEWAYS, 'sealing'],
  refusals: {
    ...chargeRefusals,
    ...planRefusals,
    keeping_unsupported: keepingUnsupported,
    contact_missing: contactMissing,
    customer_taken: customerTaken,
    gateway_customers_reference_key: customerTaken,
  },
  async run({ plan, keep_method: keep, ...input }, { db, marketplace }) {
    const chosen = wishOf(input);
    if (keep && (keeperOf(marketplace) !== 'razorpay' || (input.gateway ?? 'razorpay') !== 'razorpay')) {
      await db.checkCaller();
      throw new Refusal(keepingUnsupported);
    }
    const keeping = keep ? { gateway: 'razorpay' as const, options: { ...chosen.options, keep } } : {};
    const wish = { plan, ...fullWish(marketplace, { ...chosen, ...keeping }) };
    const { subject, payment } = await payFor(
      db,
      marketplace,
      sql`select money.open_subscription(${wish}::jsonb) as opened`,
    );
    return { subscription: z.parse(Subscription, subject), payment };
  },
});

export const handler = http(purchaseSubscription);
