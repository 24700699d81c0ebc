import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Takes back a document that nobody has looked at yet. */
export const withdrawDocument = useCase({
  route: 'DELETE /api/v1/users/me/documents/{document_id}',
  summary: 'Take back a document',
  access: signedIn(),
  input: z.strictObject({ document_id: id('document') }),
  output: z.object({}),
  status: 204,
  refusals: {
    document_reviewed: refuse('document_reviewed', 409, 'This document has been reviewed.'),
  },
  async run({ document_id }, { db }) {
    return db.one(sql`select id from verification.withdraw_document(${document_id}::uuid)`, z.object({}));
  },
});

export const handler = http(withdrawDocument);
