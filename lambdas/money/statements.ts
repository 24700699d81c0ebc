import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import type { Database } from '../kernel/database.ts';
import { limit } from '../kernel/fields.ts';
import { sql } from '../kernel/sql.ts';
import { StaffEntry } from './staff-payments.ts';

/** A line of the statement of an account of the caller's: positive where the account got more. */
export const Entry = z.omit(StaffEntry, { created_by: true });

/** The number of an entry orders a statement; only cursors show it. */
const Row = z.extend(Entry, { number: z.int() });

/** Numbers count in each account: the name tells a cursor of another statement from one of this. */
const statement = (kind: string) =>
  z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.literal(kind), z.int()]))) });

type Asked = z.output<ReturnType<typeof statement>>;

/** The input of a route that shows what moved on an account of the caller's, newest first, and what answers it. */
export const statementOf = (kind: 'provider_payable' | 'receivable') => ({
  input: statement(kind),
  list({ limit, cursor }: Asked, db: Database, actor: string) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select t.id, e.number, e.type, e.currency, e.amount, e.balance_after, t.description, t.reference_type, t.reference_id,
               t.created_at
        from money.accounts a join money.entries e on e.account_id = a.id join money.transfers t on t.id = e.transfer_id
        where a.owner_id = ${actor}::uuid and a.kind = ${kind}::text and (${before}::bigint is null or e.number < ${before}::bigint)
        order by e.number desc
        limit ${limit + 1}::integer`,
      Row,
      limit,
      row => [kind, row.number],
    );
  },
});
