import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { ItemRow, Payout, PayoutItem } from './payouts.ts';

/** Shows a payout of the caller's and what it is made of, a page at a time. */
export const showPayout = useCase({
  route: 'GET /api/v1/payouts/{payout_id}',
  summary: 'Show a payout',
  access: signedIn(),
  input: z.strictObject({
    payout_id: id('payout'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: z.object({ payout: Payout, items: page(PayoutItem) }),
  async run({ payout_id, limit, cursor }, { db }) {
    const [after] = cursor ?? [null];
    const rows = await db.page(
      sql`
        select payout, item
        from money.my_payout_items(${payout_id}::uuid, ${after}::uuid, ${limit + 1}::integer)`,
      ItemRow,
      limit,
      ({ item }) => [item?.id],
    );
    const payout = rows.items[0]?.payout;
    if (!payout) throw new Refusal(common.not_found);
    const items = rows.items.flatMap(({ item }) => (item ? [item] : []));
    return { payout, items: { items, next_cursor: rows.next_cursor } };
  },
});

export const handler = http(showPayout);
