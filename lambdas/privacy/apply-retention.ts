import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { eraseFile } from '../kernel/stored-files.ts';

const PEOPLE = 20;
const ROWS = 5_000;

const Due = z.object({ user_id: z.uuid(), object_names: z.array(z.string()) });
const Expired = z.object({ id: z.uuid(), object_name: z.string() });
const Removed = z.object({ target: z.string(), removed: z.int() });

/**
 * Keeps nothing longer than promised: purges people 90 days after they deleted their account, erases archives after their day and
 * files that were announced and never used, and removes what the retention policies name. Objects go before the rows that know
 * them, so that a run which breaks off leaves nothing behind that the next cannot find.
 */
export const handler = schedule({
  name: 'apply-retention',
  expression: 'cron(0 3 * * ? *)',
  summary: 'Purge deleted people and what has been kept long enough',
  timeout: 600,
  needs: ['uploads'],
  async run({ db }) {
    const stopAt = performance.now() + 540_000;
    const total = { purged: 0, archives: 0, uploads: 0, removed: 0 };
    for (let more = true; more && performance.now() < stopAt; ) {
      const due = await db.many(sql`select * from privacy.due_purges(${PEOPLE}::integer)`, Due);
      for (const { user_id, object_names } of due) {
        await Promise.all(object_names.map(eraseFile));
        await db.execute(sql`select privacy.purge(${user_id}::uuid)`);
        total.purged += 1;
      }
      const expired = await db.many(sql`select * from privacy.expired_exports(${PEOPLE}::integer)`, Expired);
      for (const { id, object_name } of expired) {
        await eraseFile(object_name);
        await db.execute(sql`select privacy.mark_erased(${id}::uuid)`);
        total.archives += 1;
      }
      const unused = await db.many(sql`select * from identity.expire_uploads(${PEOPLE}::integer)`, Expired);
      for (const { id, object_name } of unused) {
        await eraseFile(object_name);
        await db.execute(sql`select identity.forget_upload(${id}::uuid)`);
        total.uploads += 1;
      }
      const rows = await db.many(sql`select * from privacy.apply_retention(${ROWS}::integer)`, Removed);
      total.removed += rows.reduce((sum, { removed }) => sum + removed, 0);
      more =
        [due, expired, unused].some(({ length }) => length === PEOPLE) ||
        rows.some(({ removed }) => removed === ROWS);
    }
    return total;
  },
});
