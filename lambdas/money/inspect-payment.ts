import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { StaffPaymentDetail } from './staff-payments.ts';

/** Shows a payment to staff with its tries, its refunds and what the ledger has of it. That it was read is audited. */
export const inspectPayment = useCase({
  route: 'GET /api/v1/admin/payments/{payment_id}',
  summary: 'Inspect a payment',
  access: permitted('money.read'),
  input: z.strictObject({ payment_id: id('payment') }),
  output: StaffPaymentDetail,
  async run({ payment_id }, { db }) {
    const { payment } = await db.one(
      sql`select payment from money.show_payment_to_staff(${payment_id}::uuid)`,
      z.object({ payment: StaffPaymentDetail }),
    );
    return payment;
  },
});

export const handler = http(inspectPayment);
