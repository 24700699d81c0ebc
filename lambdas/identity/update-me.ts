import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Account, fullName, language } from './identity.ts';

/** Changes what a person may change of their own account; what is left out stays. Status and roles are no fields of it. */
export const updateMe = useCase({
  route: 'PUT /api/v1/users/me',
  summary: 'Change my account',
  access: signedIn(),
  input: z.strictObject({ full_name: z.optional(fullName), preferred_language: z.optional(language) }),
  output: Account,
  async run(input, { db, actor }) {
    return db.one(
      sql`update identity.users
          set full_name = coalesce(${input.full_name ?? null}::text, full_name),
              preferred_language = coalesce(${input.preferred_language ?? null}::text, preferred_language)
          where id = ${actor}::uuid
          returning id, full_name, email, email_verified_at, phone, phone_verified_at, roles, account_status,
                    preferred_language, created_at`,
      Account,
    );
  },
});

export const handler = http(updateMe);
