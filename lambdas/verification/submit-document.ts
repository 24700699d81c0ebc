import * as z from 'zod/mini';
import { id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { seal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { aboutNumber, Document, day, documentType } from './verification.ts';

/** Hands a document in for review: its pictures, its number, which is sealed, and until when it holds. */
export const submitDocument = useCase({
  route: 'POST /api/v1/users/me/documents',
  summary: 'Hand in a document',
  access: signedIn(),
  input: z.strictObject({
    type: documentType,
    upload_id: id('upload'),
    back_upload_id: z.optional(id('upload')),
    number: z.optional(text(1, 100, 'D08-12-004321')),
    expires_on: z.optional(day),
  }),
  output: Document,
  status: 201,
  refusals: {
    upload_not_found: refuse('upload_not_found', 422, 'You have stored no document of this id.', 'upload_id'),
    document_expired: refuse('document_expired', 422, 'This document has run out.', 'expires_on'),
    documents_pending_key: refuse(
      'document_pending',
      409,
      'A document of this type waits for review. Take it back to hand in another.',
      'type',
    ),
  },
  needs: ['sealing'],
  async run({ number, ...rest }, { db }) {
    const sealed =
      number === undefined
        ? {}
        : {
            number_sealed: await seal(number, aboutNumber(rest.upload_id)),
            number_last4: [...number].slice(-4).join(''),
          };
    const facts = { ...rest, ...sealed };
    const { document } = await db.one(
      sql`select document from verification.submit_document(${facts}::jsonb)`,
      z.object({ document: Document }),
    );
    return document;
  },
  async reveal(row) {
    return z.parse(z.object({ document: Document }), row).document;
  },
});

export const handler = http(submitDocument);
