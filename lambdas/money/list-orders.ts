import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { subjectStatus } from './money.ts';
import { Order } from './orders.ts';

const Cursor = cursorOf(z.tuple([z.literal('orders'), z.uuid()]));

/** Lists the caller's orders, newest first. */
export const listOrders = useCase({
  route: 'GET /api/v1/orders',
  summary: 'List my orders',
  access: signedIn(),
  input: z.strictObject({ status: z.optional(subjectStatus), limit, cursor: z.optional(Cursor) }),
  output: page(Order),
  run({ status = null, limit, cursor }, { db, actor }) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select o.* from money.orders o
        where o.user_id = ${actor}::uuid and (${status}::text is null or o.status = ${status}::text)
          and (${before}::uuid is null or o.id < ${before}::uuid)
        order by o.id desc
        limit ${limit + 1}::integer`,
      Order,
      limit,
      order => ['orders', order.id],
    );
  },
});

export const handler = http(listOrders);
