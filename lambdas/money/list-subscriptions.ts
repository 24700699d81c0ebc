import * as z from 'zod/mini';
import { cursorOf, pageOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Plan, Subscription } from './subscriptions.ts';

const Mine = z.object({ subscriptions: z.array(Subscription), plans: z.array(Plan) });

/** Lists the caller's subscriptions, newest first, and the plans that are offered. */
export const listSubscriptions = useCase({
  route: 'GET /api/v1/subscriptions',
  summary: 'List my subscriptions, and the plans',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: z.extend(page(Subscription), { plans: z.array(Plan) }),
  async run({ limit, cursor }, { db, actor }) {
    const [before] = cursor ?? [null];
    const { subscriptions, plans } = await db.one(
      sql`
        select coalesce((
            select jsonb_agg(m order by m.id desc) from (
              select s.* from money.shown_subscriptions s
              where s.user_id = ${actor}::uuid and (${before}::uuid is null or s.id < ${before}::uuid)
              order by s.id desc
              limit ${limit + 1}::integer) as m), '[]') as subscriptions,
          coalesce((select jsonb_agg(p order by p.amount, p.code) from money.plans p where p.is_active), '[]') as plans`,
      Mine,
    );
    return { ...pageOf(subscriptions, limit, row => [row.id]), plans };
  },
});

export const handler = http(listSubscriptions);
