import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { PromoCode, promoCodeRefusals, promoFacts } from './promo-codes.ts';
import { promoCode } from './promos.ts';

/** Makes a promo code. Its amounts are in the marketplace's currency, and the platform bears what it takes off. It is audited. */
export const createPromoCode = useCase({
  route: 'POST /api/v1/admin/promo-codes',
  summary: 'Create a promo code',
  access: permitted('promos.manage'),
  presence: 'second_factor',
  input: z.strictObject({
    code: promoCode,
    ...promoFacts,
    max_discount_amount: z._default(promoFacts.max_discount_amount, null),
    usage_limit: z._default(promoFacts.usage_limit, null),
    per_user_limit: z._default(promoFacts.per_user_limit, 1),
    min_booking_amount: z._default(promoFacts.min_booking_amount, null),
    applicable_service_ids: z._default(promoFacts.applicable_service_ids, null),
    applicable_provider_ids: z._default(promoFacts.applicable_provider_ids, null),
    applicable_resource_ids: z._default(promoFacts.applicable_resource_ids, null),
    new_customers_only: z._default(promoFacts.new_customers_only, false),
  }),
  output: PromoCode,
  status: 201,
  refusals: {
    ...promoCodeRefusals,
    promo_codes_code_key: refuse('promo_code_taken', 409, 'There is a promo code of this name.', 'code'),
  },
  run: (facts, { db }) => db.one(sql`select * from money.create_promo_code(${facts}::jsonb)`, PromoCode),
});

export const handler = http(createPromoCode);
