import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { documentType, QueuedDocument } from '../verification/verification.ts';

const Row = z.extend(QueuedDocument, { id: z.uuid() });

/** The queue of documents that wait for review, the longest waiting first; or those that were decided. */
export const listVerifications = useCase({
  route: 'GET /api/v1/admin/verifications',
  summary: 'List documents to review',
  access: permitted('verification.review'),
  input: z.strictObject({
    status: z._default(
      z.enum(['pending', 'verified', 'rejected']).check(z.meta({ examples: ['pending'] })),
      'pending',
    ),
    type: z.optional(documentType),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.uuid()]))),
  }),
  output: page(QueuedDocument),
  async run({ status, type = null, limit, cursor }, { db }) {
    const [after] = cursor ?? [null];
    return db.page(
      sql`select * from verification.review_queue(${status}::text, ${type}::text, ${after}::uuid, ${limit + 1}::integer)`,
      Row,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listVerifications);
