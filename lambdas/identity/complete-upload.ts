import * as z from 'zod/mini';
import { id } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { deleteFile, readStart, storeFile } from '../kernel/stored-files.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { SNIFFED_BYTES, sniff, Upload, UploadRow } from './uploads.ts';

const refusals = {
  nothing_uploaded: refuse('nothing_uploaded', 409, 'No file has arrived for this upload yet.'),
  wrong_content: refuse('wrong_content', 422, 'The file is not what was announced, and has been deleted.'),
};

/** Takes a file that was posted, once its bytes are what was announced. Another one is deleted. */
export const completeUpload = useCase({
  route: 'POST /api/v1/users/me/uploads/{upload_id}/complete',
  summary: 'Tell that a file was uploaded',
  access: signedIn(),
  input: z.strictObject({ upload_id: id('upload') }),
  output: Upload,
  refusals,
  needs: ['uploads'],
  async run(input, { db }) {
    const upload = await db.one(
      sql`select * from identity.uploads where id = ${input.upload_id}::uuid`,
      UploadRow,
    );
    if (upload.status === 'stored') return upload;
    if (upload.status === 'rejected') throw new Refusal(refusals.wrong_content);
    const name = upload.object_name;
    await storeFile(name);
    const file = await readStart(name, SNIFFED_BYTES);
    if (!file) throw new Refusal(refusals.nothing_uploaded);
    const isGenuine = sniff(file.start) === upload.content_type && file.size === upload.size;
    if (!isGenuine) await deleteFile(name);
    const settled = await db.one(
      sql`select * from identity.settle_upload(${upload.id}::uuid, ${isGenuine ? 'stored' : 'rejected'}::text)`,
      Upload,
    );
    if (settled.status !== 'stored') throw new Refusal(refusals.wrong_content);
    return settled;
  },
});

export const handler = http(completeUpload);
