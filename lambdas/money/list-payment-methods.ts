import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PaymentMethod, PaymentMethods } from './payment-methods.ts';

/** Lists what the caller keeps to be charged, newest first: a hundred at most. */
export const listPaymentMethods = useCase({
  route: 'GET /api/v1/payment-methods',
  summary: 'List my payment methods',
  access: signedIn(),
  input: z.strictObject({}),
  output: PaymentMethods,
  async run(_input, { db, actor }) {
    const items = await db.many(
      sql`
        select m.* from money.payment_methods m
        where m.user_id = ${actor}::uuid and m.removed_at is null
        order by m.id desc
        limit 100`,
      PaymentMethod,
    );
    return { items };
  },
});

export const handler = http(listPaymentMethods);
