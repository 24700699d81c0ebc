import * as z from 'zod/mini';
import { count, currency, day } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { signedAmount } from './money.ts';

const Row = z.object({
  currency,
  bookings: count(0, 2_147_483_647, 12),
  gross_amount: signedAmount,
  commission_amount: signedAmount,
  net_amount: signedAmount,
});

/**
 * Shows what the caller earned by bookings that were completed in a period, tips included: net is gross less the platform's commission.
 * The days are of the marketplace's zone, the last one excluded, so that periods that follow one another count nothing twice.
 */
export const showEarnings = useCase({
  route: 'GET /api/v1/earnings',
  summary: 'Show what I earned in a period',
  access: signedIn(),
  input: z
    .strictObject({ from: day, to: day })
    .check(z.meta({ examples: [{ from: '2026-11-16', to: '2026-11-23' }] })),
  output: z.extend(Row, { from: day, to: day }),
  async run({ from, to }, { db, marketplace }) {
    if (from >= to)
      throw new Refusal(common.invalid_input, {
        errors: [{ field: 'to', code: 'invalid_period', message: 'must be after from' }],
      });
    const zone = marketplace.time_zone;
    const rows = await db.many(
      sql`
        select e.* from money.my_earnings(${from}::timestamp at time zone ${zone}::text,
          ${to}::timestamp at time zone ${zone}::text) as e
        where e.currency = ${marketplace.currency}::text`,
      Row,
    );
    const none = { bookings: 0, gross_amount: 0, commission_amount: 0, net_amount: 0 };
    return { from, to, currency: marketplace.currency, ...none, ...rows[0] };
  },
});

export const handler = http(showEarnings);
