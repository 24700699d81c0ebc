import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { PaymentMethod } from './payment-methods.ts';

/** Makes a method the one that is charged where none is named, such as for renewals. */
export const preferPaymentMethod = useCase({
  route: 'POST /api/v1/payment-methods/{payment_method_id}/default',
  summary: 'Choose my default payment method',
  access: signedIn(),
  input: z.strictObject({ payment_method_id: id('payment_method') }),
  output: PaymentMethod,
  run: ({ payment_method_id }, { db }) =>
    db.one(sql`select * from money.prefer_method(${payment_method_id}::uuid)`, PaymentMethod),
});

export const handler = http(preferPaymentMethod);
