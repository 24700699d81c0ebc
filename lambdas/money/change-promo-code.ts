import * as z from 'zod/mini';
import { flag, id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { PromoCode, promoCodeRefusals, promoFacts } from './promo-codes.ts';

const Changes = z.partial(z.object({ ...promoFacts, is_active: flag }));

/**
 * Changes a promo code; what is left out stays. Bookings that were made with it keep what it gave then. It is audited.
 */
export const changePromoCode = useCase({
  route: 'PATCH /api/v1/admin/promo-codes/{promo_code_id}',
  summary: 'Change a promo code',
  access: permitted('promos.manage'),
  presence: 'second_factor',
  input: z.strictObject({ promo_code_id: id('promo_code'), ...Changes.shape }),
  output: PromoCode,
  refusals: {
    ...promoCodeRefusals,
    promo_codes_usage_count_check: refuse(
      'limit_below_uses',
      409,
      'This promo code has been used more often than that.',
      'usage_limit',
    ),
  },
  run: ({ promo_code_id, ...changes }, { db }) =>
    db.one(sql`select * from money.change_promo_code(${promo_code_id}::uuid, ${changes}::jsonb)`, PromoCode),
});

export const handler = http(changePromoCode);
