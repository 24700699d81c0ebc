import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';
import { asOwner, until } from './owner-connection.ts';

/** Milliseconds after which a run begins nothing more: what it begins then is waited for until its Lambda ends. */
const ENOUGH = 240_000;
/** Tables whose indexes are rebuilt in a month. */
const REBUILT = 10;

const Due = z.object({ vacuum: z.array(z.string()), reindex: z.array(z.string()) });

/**
 * Vacuums and analyses the tables that have changed since they last were, and on the first Sunday of a month rebuilds the indexes of
 * those that change most, without locking anybody out. Autovacuum does the first too, but late for a large table: a fifth of its rows
 * must be dead before. Only the owner may do either, and neither runs inside of a transaction.
 */
export const handler = schedule({
  name: 'maintain-database',
  expression: 'cron(30 4 ? * SUN *)',
  summary: 'Vacuum tables and rebuild indexes',
  timeout: 900,
  needs: ['ownership'],
  async run({ db, now }) {
    const due = await db.one(
      sql`
        select array(select name from app.tables_to_vacuum()) as vacuum,
               array(select name from app.tables_to_reindex(${REBUILT}::integer)) as reindex`,
      Due,
    );
    const work = [
      ...due.vacuum.map(name => `vacuum (analyze) ${name}`),
      ...(now.getUTCDate() <= 7 ? due.reindex : []).map(name => `reindex table concurrently ${name}`),
    ];
    const stopAt = performance.now() + ENOUGH;
    const done: string[] = [];
    for (const statement of work) {
      if (performance.now() > stopAt) break;
      await runPatiently(statement);
      done.push(statement);
    }
    return { done, left: work.length - done.length };
  },
});

/** Runs what may outlive the 45 s of the Data API: it goes on in the database, and is waited for. */
async function runPatiently(statement: string): Promise<void> {
  try {
    await asOwner(statement);
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'StatementTimeoutException') throw error;
    await until(async () => {
      const running = await asOwner(
        `select pid from pg_stat_activity where state = 'active' and query = :statement`,
        { statement },
      );
      return running.length === 0;
    });
  }
}
