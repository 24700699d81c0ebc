import * as z from 'zod/mini';
import { count } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const Ended = z.object({ ended: count(0, 100_000, 2) });

/** Signs every other device of a person out. */
export const endOtherSessions = useCase({
  route: 'DELETE /api/v1/users/me/sessions',
  summary: 'End all my other sessions',
  access: signedIn(),
  input: z.strictObject({}),
  output: Ended,
  credentials: true,
  async run(_input, { db, session }) {
    return db.one(sql`select * from identity.end_other_sessions(${session}::uuid)`, Ended);
  },
});

export const handler = http(endOtherSessions);
