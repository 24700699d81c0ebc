import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { approvalStatus } from './parking.ts';
import { present, ReviewedSpace, StaffRow } from './reviews-of-spaces.ts';

/** Lists spaces that wait for staff, the oldest first; or those about which they have decided. */
export const listSpacesToReview = useCase({
  route: 'GET /api/v1/admin/parking/spaces',
  module: 'parking',
  summary: 'List spaces to review',
  access: permitted('parking.review'),
  input: z.strictObject({
    approval_status: z._default(approvalStatus, 'pending'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(ReviewedSpace),
  needs: ['stored-files'],
  async run({ approval_status, limit, cursor }, { db, now }) {
    const [after] = cursor ?? [null];
    const { items, next_cursor } = await db.page(
      sql`select space from parking.review_queue(${approval_status}::text, ${after}::uuid, ${limit + 1}::integer) as space`,
      StaffRow,
      limit,
      ({ space }) => [space.id],
    );
    return { items: items.map(row => present(row, now)), next_cursor };
  },
});

export const handler = http(listSpacesToReview);
