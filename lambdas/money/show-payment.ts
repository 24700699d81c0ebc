import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Payment } from './payments.ts';

/** Shows a payment of the caller's, with what was given back of it. */
export const showPayment = useCase({
  route: 'GET /api/v1/payments/{payment_id}',
  summary: 'Show a payment',
  access: signedIn(),
  input: z.strictObject({ payment_id: id('payment') }),
  output: Payment,
  async run({ payment_id }, { db }) {
    const { payment } = await db.one(
      sql`select money.show_my_payment(${payment_id}::uuid) as payment`,
      z.object({ payment: z.nullable(Payment) }),
    );
    if (payment === null) throw new Refusal(common.not_found);
    return payment;
  },
});

export const handler = http(showPayment);
