import * as z from 'zod/mini';
import { cursorOf, pageOf } from '../kernel/cursor.ts';
import { id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Settlement, SettlementLine, settlementResult } from './settlements.ts';

/** Shows a settlement and its lines by their place: the differences, or those of one result. */
export const showSettlement = useCase({
  route: 'GET /api/v1/admin/settlements/{settlement_id}',
  summary: 'Show a settlement and its differences',
  access: permitted('money.read'),
  input: z.strictObject({
    settlement_id: id('settlement'),
    /** Absent: whatever did not match. */
    result: z.optional(settlementResult),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.literal('line'), z.int32()]))),
  }),
  output: z.extend(page(SettlementLine), { settlement: Settlement }),
  async run({ settlement_id, result = null, limit, cursor }, { db }) {
    const [, after] = cursor ?? [null, null];
    const { settlement, lines } = await db.one(
      sql`
        select settlement, lines
        from money.show_settlement(${settlement_id}::uuid, ${result}::text, ${after}::integer, ${limit + 1}::integer)`,
      z.object({ settlement: Settlement, lines: z.array(SettlementLine) }),
    );
    return { settlement, ...pageOf(lines, limit, ({ line }) => ['line', line]) };
  },
});

export const handler = http(showSettlement);
