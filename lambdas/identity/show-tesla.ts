import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { TeslaLink } from './tesla-tokens.ts';

/** Shows a person the link to their Tesla account, and what is wrong with it where something is. */
export const showTesla = useCase({
  route: 'GET /api/v1/users/me/tesla',
  module: 'tesla',
  summary: 'Show my Tesla link',
  access: signedIn(),
  input: z.strictObject({}),
  output: TeslaLink,
  async run(_input, { db, actor }) {
    return db.one(
      sql`select user_id, tesla_user_id, region, scopes, expires_at, status, last_error, refreshed_at, created_at
          from identity.tesla_accounts
          where user_id = ${actor}::uuid`,
      TeslaLink,
    );
  },
});

export const handler = http(showTesla);
