import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Document } from './verification.ts';

/** Lists the documents that a person has handed in, newest first. */
export const listDocuments = useCase({
  route: 'GET /api/v1/users/me/documents',
  summary: 'List my documents',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: page(Document),
  async run({ limit, cursor }, { db, actor }) {
    const [before] = cursor ?? [null];
    return db.page(
      sql`select id, type, upload_id, back_upload_id, number_last4, expires_on,
                 coalesce(expires_on < verification.today(), false) as is_expired, status, reason, reviewed_at, created_at
          from verification.documents
          where user_id = ${actor}::uuid and (${before}::uuid is null or id < ${before}::uuid)
          order by id desc
          limit ${limit + 1}::integer`,
      Document,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listDocuments);
