import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { limit, page } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { ListingPass } from './subscriptions.ts';

/** Lists the listings that the caller has paid for, or is about to, newest first. */
export const listPasses = useCase({
  route: 'GET /api/v1/passes',
  summary: 'List what I have paid for once',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(cursorOf(z.tuple([z.uuid()]))) }),
  output: page(ListingPass),
  run({ limit, cursor }, { db, actor }) {
    const [before] = cursor ?? [null];
    return db.page(
      sql`
        select p.* from money.shown_passes p
        where p.user_id = ${actor}::uuid and (${before}::uuid is null or p.id < ${before}::uuid)
        order by p.id desc
        limit ${limit + 1}::integer`,
      ListingPass,
      limit,
      row => [row.id],
    );
  },
});

export const handler = http(listPasses);
