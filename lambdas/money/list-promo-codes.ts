import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { flag, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { PromoCode } from './promo-codes.ts';
import { promoCode } from './promos.ts';

/** Lists the marketplace's promo codes, the newest first. */
export const listPromoCodes = useCase({
  route: 'GET /api/v1/admin/promo-codes',
  summary: 'List promo codes',
  access: permitted('promos.manage'),
  input: z.strictObject({
    code: z.optional(promoCode),
    is_active: z.optional(flag),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(PromoCode),
  async run({ limit, cursor, ...wanted }, { db }) {
    const [before] = cursor ?? [null];
    return db.page(
      sql`select * from money.list_promo_codes(${wanted}::jsonb, ${before}::uuid, ${limit + 1}::integer)`,
      PromoCode,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listPromoCodes);
