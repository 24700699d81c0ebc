import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { id, limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { StaffEntry } from './staff-payments.ts';

/** The number of an entry orders a statement; only cursors show it. */
const Row = z.extend(StaffEntry, { number: z.int() });

/** Lists what came to an account of somebody's and what left it, newest first. That it was read is audited. */
export const listUserEntries = useCase({
  route: 'GET /api/v1/admin/users/{user_id}/accounts/{account_id}/entries',
  summary: 'Show the statement of somebody’s account',
  access: permitted('money.read'),
  input: z.strictObject({
    user_id: id('user'),
    account_id: id('account'),
    limit,
    cursor: z.optional(cursorOf(z.tuple([z.literal('staff'), z.int()]))),
  }),
  output: page(StaffEntry),
  run({ user_id, account_id, limit, cursor }, { db }) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select * from money.entries_for_staff(${user_id}::uuid, ${account_id}::uuid, ${before}::bigint, ${limit + 1}::integer)`,
      Row,
      limit,
      row => ['staff', row.number],
    );
  },
});

export const handler = http(listUserEntries);
