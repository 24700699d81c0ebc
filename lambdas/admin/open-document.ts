import * as z from 'zod/mini';
import { fullName } from '../identity/identity.ts';
import { count, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import { fileUrl, URL_SECONDS } from '../kernel/stored-files.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { aboutNumber, Document, QueuedDocument, standing } from '../verification/verification.ts';

/** What was uploaded, as far as its pictures do not tell. */
const FileFacts = z.object({
  file_name: z.nullable(text(1, 255, 'licence-front.jpg')),
  content_type: text(1, 100, 'image/jpeg'),
  size: count(1, 10 * 2 ** 20, 183_204),
});

const Opened = z.object({
  document: Document,
  user_id: id('user'),
  full_name: fullName,
  standing,
  number_sealed: z.nullable(z.string()),
  pictures: z.array(z.string()),
  files: z.array(FileFacts),
});

/** Opens a document to whoever reviews it: its number, and its pictures by URLs for five minutes. Looking is audited. */
export const openDocument = useCase({
  route: 'GET /api/v1/admin/documents/{document_id}',
  summary: 'Open a document to review it',
  access: permitted('verification.review'),
  input: z.strictObject({ document_id: id('document') }),
  output: z.extend(QueuedDocument, {
    full_name: fullName,
    number: z.nullable(text(1, 100, 'D08-12-004321')),
    picture_urls: z.array(
      text(1, 4000, 'https://uploads.example.com/stored/spacall/019a/019b?X-Amz-Signature=…'),
    ),
    /** In the order of `picture_urls`. */
    files: z.array(FileFacts),
    expires_in: count(1, URL_SECONDS, URL_SECONDS),
  }),
  needs: ['sealing', 'stored-files'],
  async run({ document_id }, { db, now }) {
    const { number_sealed, pictures, ...opened } = await db.one(
      sql`select * from verification.open_document(${document_id}::uuid)`,
      Opened,
    );
    const number = number_sealed && (await unseal(number_sealed, aboutNumber(opened.document.upload_id)));
    return {
      ...opened,
      number,
      picture_urls: pictures.map(name => fileUrl(name, now)),
      expires_in: URL_SECONDS,
    };
  },
});

export const handler = http(openDocument);
