import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { CreditEntry } from './money.ts';

const Row = z.extend(CreditEntry, { number: z.int() });

/** Numbers count in each account: the name tells a cursor of another statement from one of this. */
const Cursor = cursorOf(z.tuple([z.literal('credits'), z.int()]));

/** Lists the credits that the caller earned and spent, newest first, with the balance after each. */
export const listCreditEntries = useCase({
  route: 'GET /api/v1/credits/entries',
  summary: 'Show the statement of my credits',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(Cursor) }),
  output: page(CreditEntry),
  run({ limit, cursor }, { db, actor }) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select t.* from money.credit_transactions t
        where t.account_id = (
            select a.id from money.accounts a where a.owner_id = ${actor}::uuid and a.kind = 'credits')
          and (${before}::bigint is null or t.number < ${before}::bigint)
        order by t.number desc
        limit ${limit + 1}::integer`,
      Row,
      limit,
      row => ['credits', row.number],
    );
  },
});

export const handler = http(listCreditEntries);
