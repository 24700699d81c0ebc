import * as z from 'zod/mini';
import { id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { accountRefusals, reason, Standing } from './admin.ts';

/** Suspends an account until a moment, or until staff end it. The person is told why at every request, and can do nothing meanwhile. */
export const suspendAccount = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/suspend',
  summary: 'Suspend an account',
  access: permitted('accounts.suspend'),
  input: z.strictObject({ user_id: id('user'), reason, until: z.optional(z.nullable(instant)) }),
  output: Standing,
  refusals: {
    ...accountRefusals,
    until_is_past: refuse('until_is_past', 422, 'A suspension ends in the future.', 'until'),
  },
  async run({ user_id, reason, until = null }, { db }) {
    return db.one(
      sql`select * from admin.change_status(${user_id}::uuid, 'suspended', ${until}::timestamptz, ${reason}::text)`,
      Standing,
    );
  },
});

export const handler = http(suspendAccount);
