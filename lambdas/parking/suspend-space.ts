import * as z from 'zod/mini';
import { flag, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { present, ReviewedSpace, StaffRow, staffRefusals } from './reviews-of-spaces.ts';

/** Suspends a space, which its owner cannot undo, or ends that: then it is paused, and its owner brings it back. */
export const suspendSpace = useCase({
  route: 'PUT /api/v1/admin/parking/spaces/{space_id}/suspension',
  module: 'parking',
  summary: 'Suspend a space, or end that',
  access: permitted('parking.review'),
  input: z.strictObject({
    space_id: id('space'),
    suspended: flag,
    reason: z.optional(text(1, 500, 'Two drivers reported that the driveway does not exist.')),
  }),
  output: ReviewedSpace,
  refusals: staffRefusals,
  needs: ['stored-files'],
  async run({ space_id, suspended, reason = null }, { db, now }) {
    const row = await db.one(
      sql`select parking.suspend_space(${space_id}::uuid, ${suspended}::boolean, ${reason}::text) as space`,
      StaffRow,
    );
    return present(row, now);
  },
});

export const handler = http(suspendSpace);
