import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { QueuedDocument } from '../verification/verification.ts';

/** Decides about a document that waits, once. The person is told, and their standing follows from all of their documents. */
export const reviewDocument = useCase({
  route: 'POST /api/v1/admin/documents/{document_id}/review',
  summary: 'Verify or reject a document',
  access: permitted('verification.review'),
  input: z
    .strictObject({
      document_id: id('document'),
      decision: z.enum(['verified', 'rejected']).check(z.meta({ examples: ['rejected'] })),
      reason: z.optional(text(1, 500, 'The photo is too dark to read.')),
    })
    .check(
      z.refine(input => input.decision === 'rejected' || input.reason === undefined, {
        error: 'is for a rejection only',
        path: ['reason'],
      }),
    ),
  output: QueuedDocument,
  refusals: {
    documents_reason_check: refuse('reason_required', 422, 'Say why the document is rejected.', 'reason'),
    document_reviewed: refuse('document_reviewed', 409, 'This document has been reviewed.'),
    document_expired: refuse('document_expired', 409, 'This document has run out: it can only be rejected.'),
    own_document: refuse('own_document', 403, 'Somebody else must review your own document.'),
  },
  async run({ document_id, decision, reason = null }, { db }) {
    return db.one(
      sql`select * from verification.review_document(${document_id}::uuid, ${decision}::text, ${reason}::text)`,
      QueuedDocument,
    );
  },
});

export const handler = http(reviewDocument);
