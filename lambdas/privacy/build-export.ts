import * as z from 'zod/mini';
import type { Database } from '../kernel/database.ts';
import { nudgeRelay } from '../kernel/nudge-relay.ts';
import { queue } from '../kernel/queue.ts';
import { sql } from '../kernel/sql.ts';
import { storeText } from '../kernel/stored-files.ts';
import { openSealed } from './open-sealed.ts';

/** Rows of one trip. What the Data API's answer cannot hold comes with the next. */
const PAGE = 200;

const Plan = z.object({
  user_id: z.uuid(),
  object_name: z.string(),
  table_name: z.string(),
});
const Held = z.object({
  place: z.int(),
  held: z.record(z.string(), z.unknown()),
  opens: z.record(z.string(), z.nullable(z.string())),
});

/**
 * Makes the archive of an export: one JSON document with the person's rows of every table in the register of personal data,
 * sealed values opened. A twin of the event finds the export made and does nothing.
 */
export const handler = queue({
  queue: 'exports',
  pattern: { 'detail-type': ['privacy.export_requested'] },
  summary: 'Build the archives of personal data',
  event: z.object({ export_id: z.uuid() }),
  batch_size: 1,
  needs: ['sealing', 'uploads'],
  nudge: nudgeRelay,
  async run({ export_id }, { db, marketplace, now }) {
    const plan = await db.many(sql`select * from privacy.plan_export(${export_id}::uuid)`, Plan);
    const [first] = plan;
    if (!first) return;
    const data: Record<string, unknown[]> = {};
    for (const table of plan) data[table.table_name] = await readTable(db, table);
    const archive = JSON.stringify(
      { marketplace, user_id: first.user_id, exported_at: now.toISOString(), data },
      null,
      2,
    );
    await storeText(first.object_name, archive, 'application/json');
    const bytes = Buffer.byteLength(archive);
    await db.execute(sql`select privacy.settle_export(${export_id}::uuid, ${bytes}::bigint)`);
  },
});

async function readTable(db: Database, table: z.output<typeof Plan>): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let after = 0; ; ) {
    const page = await db.page(
      sql`select * from privacy.read_rows(${table.user_id}::uuid, ${table.table_name}::text, ${after}::bigint,
            ${PAGE + 1}::integer)`,
      Held,
      PAGE,
      ({ place }) => [place],
    );
    for (const { held, opens } of page.items) rows.push(await openSealed(held, opens));
    if (page.next_cursor === null) return rows;
    after = page.items.at(-1)?.place ?? after;
  }
}
