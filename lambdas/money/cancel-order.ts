import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { chargeRefusals } from './charge.ts';
import { Order } from './orders.ts';

/** Gives up an order that is not paid. A fee for setting up that it carried comes with the next one. */
export const cancelOrder = useCase({
  route: 'POST /api/v1/orders/{order_id}/cancel',
  summary: 'Give up an order',
  access: signedIn(),
  input: z.strictObject({ order_id: id('order') }),
  output: Order,
  refusals: {
    payment_in_progress: chargeRefusals.payment_in_progress,
    order_not_cancellable: refuse(
      'order_not_cancellable',
      409,
      'Only an order that is not paid is given up.',
    ),
  },
  run: ({ order_id }, { db }) => db.one(sql`select * from money.cancel_order(${order_id}::uuid)`, Order),
});

export const handler = http(cancelOrder);
