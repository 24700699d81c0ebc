import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { chargeRefusals, fullWish, howToPay, Paid, wishOf } from './charge.ts';
import { ALL_GATEWAYS } from './payments.ts';
import { ListingPass, payFor, planRefusals } from './subscriptions.ts';

/**
 * Buys a product for something of the caller's, or for what they will list next: the pass is valid from its payment on, for the
 * product's days. Bought again before it is paid for, it is the same one. The price is the product's.
 */
export const purchasePass = useCase({
  route: 'POST /api/v1/passes/purchase',
  summary: 'Pay for a listing',
  access: signedIn(),
  input: z.strictObject({
    product: ListingPass.shape.product,
    /** Absent: what is listed next. */
    subject_id: z.optional(id('subject')),
    ...howToPay,
  }),
  output: z.object({ pass: ListingPass, payment: Paid }),
  status: 201,
  // What it answers opens the payment at the gateway, so it is not kept. A repetition finds the same try.
  credentials: true,
  needs: ALL_GATEWAYS,
  refusals: {
    ...chargeRefusals,
    product_not_offered: refuse('product_not_offered', 422, 'This is not offered here.', 'product'),
    role_missing: planRefusals.role_missing,
    not_coverable: refuse(
      'not_coverable',
      422,
      'This product is not for such a thing of yours.',
      'subject_id',
    ),
  },
  async run({ product, subject_id, ...input }, { db, marketplace }) {
    const wish = { product, covers_id: subject_id, ...fullWish(marketplace, wishOf(input)) };
    const { subject, payment } = await payFor(
      db,
      marketplace,
      sql`select money.open_pass(${wish}::jsonb) as opened`,
    );
    return { pass: z.parse(ListingPass, subject), payment: z.parse(Paid, payment) };
  },
});

export const handler = http(purchasePass);
