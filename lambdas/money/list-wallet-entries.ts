import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { WalletEntry } from './money.ts';

/** The number of an entry orders a statement; only cursors show it. */
const Row = z.extend(WalletEntry, { number: z.int() });

/** Numbers count in each account: the name tells a cursor of another statement from one of this. */
const Cursor = cursorOf(z.tuple([z.literal('wallet'), z.int()]));

/** Lists what came into the caller's wallet and what went out, newest first, with the balance after each. */
export const listWalletEntries = useCase({
  route: 'GET /api/v1/wallet/entries',
  summary: 'Show the statement of my wallet',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(Cursor) }),
  output: page(WalletEntry),
  run({ limit, cursor }, { db, actor }) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select t.* from money.wallet_transactions t
        where t.wallet_id = (select w.id from money.wallets w where w.user_id = ${actor}::uuid)
          and (${before}::bigint is null or t.number < ${before}::bigint)
        order by t.number desc
        limit ${limit + 1}::integer`,
      Row,
      limit,
      row => ['wallet', row.number],
    );
  },
});

export const handler = http(listWalletEntries);
