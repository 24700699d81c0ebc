import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Payout } from './payouts.ts';

/** Lists the caller's payouts, newest first. */
export const listPayouts = useCase({
  route: 'GET /api/v1/payouts',
  summary: 'List my payouts',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: page(Payout),
  async run({ limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select payout from money.my_payouts(${before}::uuid, ${limit + 1}::integer) as payout`,
      z.object({ payout: Payout }),
      limit,
      ({ payout }) => [payout.id],
    );
    return { items: items.map(({ payout }) => payout), next_cursor };
  },
});

export const handler = http(listPayouts);
