import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Settlement } from './settlements.ts';

/** Lists the settlement files that were imported, newest first. */
export const listSettlements = useCase({
  route: 'GET /api/v1/admin/settlements',
  summary: 'List settlements',
  access: permitted('money.read'),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: page(Settlement),
  async run({ limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select settlement from money.list_settlements(${before}::uuid, ${limit + 1}::integer)`,
      z.object({ settlement: Settlement }),
      limit,
      row => [row.settlement.id],
    );
    return { items: items.map(({ settlement }) => settlement), next_cursor };
  },
});

export const handler = http(listSettlements);
