import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { flag, id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { payoutStatus, StaffPayout } from './payouts.ts';

/**
 * Lists the marketplace's payouts, newest first, by status or provider, or those that are held back. Numbers of bank accounts are masked
 * here too, and who looked is audited.
 */
export const listAllPayouts = useCase({
  route: 'GET /api/v1/admin/payouts',
  summary: 'List payouts',
  access: permitted('money.read'),
  input: z.strictObject({
    status: z.optional(payoutStatus),
    provider_id: z.optional(id('user')),
    is_held: z.optional(flag),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(StaffPayout),
  async run({ status = null, provider_id = null, is_held = null, limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`
        select payout
        from money.list_payouts(${status}::text, ${provider_id}::uuid, ${is_held}::boolean, ${before}::uuid, ${limit + 1}::integer)`,
      z.object({ payout: StaffPayout }),
      limit,
      ({ payout }) => [payout.id],
    );
    return { items: items.map(({ payout }) => payout), next_cursor };
  },
});

export const handler = http(listAllPayouts);
