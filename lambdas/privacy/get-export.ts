import * as z from 'zod/mini';
import { count, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { fileUrl, URL_SECONDS } from '../kernel/stored-files.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Export, ExportRow } from './privacy.ts';

/**
 * Shows a person an export of theirs. For a day it comes with a URL of the archive that works for five minutes: a link that
 * lived as long as the archive would serve whoever finds it.
 */
export const getExport = useCase({
  route: 'GET /api/v1/users/me/exports/{export_id}',
  summary: 'Show an export of my data',
  access: signedIn(),
  input: z.strictObject({ export_id: id('export') }),
  output: z.extend(Export, {
    url: z.nullable(text(1, 4000, 'https://uploads.example.com/stored/driveway/019a/019b?X-Amz-Signature=…')),
    expires_in: z.nullable(count(1, URL_SECONDS, URL_SECONDS)),
  }),
  owner_only: true,
  needs: ['stored-files'],
  async run({ export_id }, { db, actor, now }) {
    const { object_name, ...shown } = await db.one(
      sql`select id, status, bytes, created_at, ready_at, expires_at, object_name
          from privacy.exports
          where id = ${export_id}::uuid and user_id = ${actor}::uuid`,
      ExportRow,
    );
    const open = shown.expires_at !== null && Date.parse(shown.expires_at) > now.getTime();
    return { ...shown, url: open ? fileUrl(object_name, now) : null, expires_in: open ? URL_SECONDS : null };
  },
});

export const handler = http(getExport);
