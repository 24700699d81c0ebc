import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Account } from './identity.ts';

/** Shows a person their own account. */
export const showMe = useCase({
  route: 'GET /api/v1/users/me',
  summary: 'Show my account',
  access: signedIn(),
  input: z.strictObject({}),
  output: Account,
  cache: { scope: 'private', max_age: 0 },
  async run(_input, { db, actor }) {
    return db.one(
      sql`select id, full_name, email, email_verified_at, phone, phone_verified_at, roles, account_status,
                 preferred_language, created_at
          from identity.users
          where id = ${actor}::uuid`,
      Account,
    );
  },
});

export const handler = http(showMe);
