import * as z from 'zod/mini';
import { count, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { fileForm } from '../kernel/stored-files.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { contentType, contentTypes, fileName, LARGEST_FILE, purpose, UploadRow } from './uploads.ts';

/**
 * Answers with a form by which a client posts one file straight to S3: the fields first, then the file as `file`. S3 refuses
 * another type or size. The file counts once it was completed.
 */
export const announceUpload = useCase({
  route: 'POST /api/v1/users/me/uploads',
  summary: 'Ask where to upload a file',
  access: signedIn(),
  status: 201,
  input: z
    .strictObject({
      purpose,
      content_type: contentType,
      size: count(1, LARGEST_FILE, 183_204),
      file_name: z.optional(fileName),
    })
    .check(
      z.refine(input => contentTypes[input.purpose].includes(input.content_type), {
        error: 'is not taken for this purpose',
        path: ['content_type'],
      }),
    ),
  output: z.object({
    upload_id: id('upload'),
    url: text(1, 2000, 'https://uploads.example.com/'),
    fields: z
      .record(z.string(), z.string())
      .check(z.meta({ examples: [{ key: 'incoming/driveway/019a/019b', 'Content-Type': 'image/jpeg' }] })),
    expires_in: count(1, 3600, 900),
  }),
  refusals: {
    too_many_uploads: refuse('too_many_uploads', 429, 'Too many files in one hour. Try again later.'),
  },
  // The form is signed: whoever has it can post.
  credentials: true,
  needs: ['uploads'],
  async run(input, { db, now }) {
    const upload = await db.one(
      sql`select * from identity.announce_upload(${input.purpose}::text, ${input.content_type}::text,
            ${input.size}::integer, ${input.file_name ?? null}::text)`,
      UploadRow,
    );
    const { object_name: name, content_type, size } = upload;
    return { upload_id: upload.id, ...fileForm({ name, content_type, size, now }) };
  },
});

export const handler = http(announceUpload);
