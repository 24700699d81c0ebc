import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { present, ReviewedSpace, StaffRow, staffRefusals } from './reviews-of-spaces.ts';

/** Approves or rejects a space that waits, once. Its owner learns of it, and may change a rejected one to have it reviewed anew. */
export const reviewSpace = useCase({
  route: 'POST /api/v1/admin/parking/spaces/{space_id}/review',
  module: 'parking',
  summary: 'Approve or reject a space',
  access: permitted('parking.review'),
  input: z
    .strictObject({
      space_id: id('space'),
      decision: z.enum(['approved', 'rejected']).check(z.meta({ examples: ['rejected'] })),
      reason: z.optional(text(1, 500, 'The photo shows another street.')),
    })
    .check(
      z.refine(input => input.decision === 'rejected' || input.reason === undefined, {
        error: 'is for a rejection only',
        path: ['reason'],
      }),
    ),
  output: ReviewedSpace,
  refusals: {
    ...staffRefusals,
    spaces_approval_reason_check: refuse('reason_required', 422, 'Say why the space is rejected.', 'reason'),
    space_reviewed: refuse('space_reviewed', 409, 'This space has been reviewed.'),
  },
  needs: ['stored-files'],
  reveal: async row => present(z.parse(StaffRow, row), new Date()),
  async run({ space_id, decision, reason = null }, { db, now }) {
    const row = await db.one(
      sql`select parking.review_space(${space_id}::uuid, ${decision}::text, ${reason}::text) as space`,
      StaffRow,
    );
    return present(row, now);
  },
});

export const handler = http(reviewSpace);
