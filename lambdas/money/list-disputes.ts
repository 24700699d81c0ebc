import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { Dispute, disputeStatus } from './disputes.ts';

/** Lists what banks want back, newest first. */
export const listDisputes = useCase({
  route: 'GET /api/v1/admin/disputes',
  summary: 'List disputed payments',
  access: permitted('money.read'),
  input: z.strictObject({
    status: z.optional(disputeStatus),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(Dispute),
  async run({ status = null, limit, cursor }, { db }) {
    const [before] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`
        select d as dispute
        from money.disputes_for_staff(${status}::text, ${before}::uuid, ${limit + 1}::integer) as d`,
      z.object({ dispute: Dispute }),
      limit,
      ({ dispute }) => [dispute.id],
    );
    return { items: items.map(({ dispute }) => dispute), next_cursor };
  },
});

export const handler = http(listDisputes);
