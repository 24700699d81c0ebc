import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

/** Ends the session of the access token: neither it nor the session's refresh tokens serve from here on. */
export const logOut = useCase({
  route: 'POST /api/v1/auth/logout',
  summary: 'Sign out',
  access: signedIn(),
  status: 204,
  input: z.strictObject({}),
  output: z.void(),
  async run(_input, { db, session }) {
    await db.execute(sql`select identity.end_session(${session}::uuid)`);
  },
});

export const handler = http(logOut);
