import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { PromoCode } from './promo-codes.ts';

const changes = { is_active: false };

/** Takes a promo code out of use; it stays for the books, and PATCH brings it back. It is audited. */
export const withdrawPromoCode = useCase({
  route: 'DELETE /api/v1/admin/promo-codes/{promo_code_id}',
  summary: 'Take a promo code out of use',
  access: permitted('promos.manage'),
  input: z.strictObject({ promo_code_id: id('promo_code') }),
  output: PromoCode,
  run: ({ promo_code_id }, { db }) =>
    db.one(sql`select * from money.change_promo_code(${promo_code_id}::uuid, ${changes}::jsonb)`, PromoCode),
});

export const handler = http(withdrawPromoCode);
