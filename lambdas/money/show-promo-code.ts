import * as z from 'zod/mini';
import { amount, count, id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { PromoCode } from './promo-codes.ts';

const Shown = z.extend(PromoCode, {
  /** What it takes off the bookings that use it. */
  discount_amount: amount,
  /** How many people use it. */
  customers: count(0, 2_000_000_000, 11),
});

/** Shows a promo code with what it has cost the platform so far. */
export const showPromoCode = useCase({
  route: 'GET /api/v1/admin/promo-codes/{promo_code_id}',
  summary: 'Show a promo code',
  access: permitted('promos.manage'),
  input: z.strictObject({ promo_code_id: id('promo_code') }),
  output: Shown,
  async run({ promo_code_id }, { db }) {
    const { shown } = await db.one(
      sql`select shown from money.show_promo_code(${promo_code_id}::uuid) as shown`,
      z.object({ shown: Shown }),
    );
    return shown;
  },
});

export const handler = http(showPromoCode);
