import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { Plan, Product } from './subscriptions.ts';

const Offer = z.object({ plans: z.array(Plan), products: z.array(Product) });

/** Lists what is sold here: plans by the period, and products once. Not a page: a marketplace has a few. */
export const listPlans = useCase({
  route: 'GET /api/v1/plans',
  summary: 'List plans and products with their prices',
  access: everyone(),
  input: z.strictObject({}),
  output: Offer,
  cache: { scope: 'public', max_age: 300 },
  run: (_input, { db }) =>
    db.one(
      sql`
        select coalesce((select jsonb_agg(p order by p.amount, p.code) from money.plans p where p.is_active), '[]') as plans,
          coalesce((select jsonb_agg(p order by p.amount, p.code) from money.products p where p.is_active), '[]') as products`,
      Offer,
    ),
});

export const handler = http(listPlans);
