import * as z from 'zod/mini';
import { count, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { fileUrl, URL_SECONDS } from '../kernel/stored-files.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Upload, UploadRow } from './uploads.ts';

/** Shows a person a file of their own, with a URL for five minutes. */
export const showUpload = useCase({
  route: 'GET /api/v1/users/me/uploads/{upload_id}',
  summary: 'Show a file of mine',
  access: signedIn(),
  input: z.strictObject({ upload_id: id('upload') }),
  output: z.extend(Upload, {
    url: z.nullable(text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…')),
    expires_in: count(1, URL_SECONDS, URL_SECONDS),
  }),
  // The pictures of an id card are for whoever may review documents.
  owner_only: true,
  needs: ['stored-files'],
  async run(input, { db, now }) {
    const upload = await db.one(
      sql`select * from identity.uploads where id = ${input.upload_id}::uuid`,
      UploadRow,
    );
    const url = upload.status === 'stored' ? fileUrl(upload.object_name, now) : null;
    return { ...upload, url, expires_in: URL_SECONDS };
  },
});

export const handler = http(showUpload);
