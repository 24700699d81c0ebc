import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Order } from './orders.ts';

/** Shows an order of the caller's. */
export const showOrder = useCase({
  route: 'GET /api/v1/orders/{order_id}',
  summary: 'Show an order',
  access: signedIn(),
  input: z.strictObject({ order_id: id('order') }),
  output: Order,
  run: ({ order_id }, { db, actor }) =>
    db.one(
      sql`select o.* from money.orders o where o.id = ${order_id}::uuid and o.user_id = ${actor}::uuid`,
      Order,
    ),
});

export const handler = http(showOrder);
