import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Export } from './privacy.ts';

/** Asks for an archive of everything that is held on the person. They are told when it is there. */
export const requestExport = useCase({
  route: 'POST /api/v1/users/me/exports',
  summary: 'Ask for an export of my data',
  access: signedIn(),
  status: 202,
  input: z.strictObject({}),
  output: Export,
  refusals: {
    export_too_soon: refuse(
      'export_too_soon',
      429,
      'An export can be asked for once a day. Fetch the one that you have.',
    ),
  },
  async run(_input, { db }) {
    return db.one(
      sql`select id, status, bytes, created_at, ready_at, expires_at from privacy.request_export()`,
      Export,
    );
  },
});

export const handler = http(requestExport);
