import * as z from 'zod/mini';
import { schedule } from '../kernel/schedule.ts';
import { sql } from '../kernel/sql.ts';

/** A statement is slow when it takes a second on average. */
const SLOW_MILLISECONDS = 1_000;

const Report = z.object({
  analysed: z.int(),
  largest_tables: z.array(
    z.object({ name: z.string(), table_bytes: z.int(), index_bytes: z.int(), dead_tuples: z.int() }),
  ),
  unused_indexes: z.array(z.object({ name: z.string(), bytes: z.int() })),
  slow_statements: z.array(
    z.object({ query: z.string(), mean: z.number(), calls: z.int(), total: z.number() }),
  ),
  security_findings: z.array(z.object({ finding: z.string(), subject: z.string() })),
});

/**
 * Refreshes the planner's statistics and logs how the database does: its largest tables, indexes that nobody uses,
 * statements that are slow, and what weakens its protection. The statements are shown as PostgreSQL keeps them, without their values.
 */
export const handler = schedule({
  name: 'report-database',
  expression: 'cron(0 3 * * ? *)',
  summary: 'Refresh statistics and report on the database',
  timeout: 300,
  run: ({ db }) =>
    db.one(
      sql`
        select app.refresh_statistics() as analysed,
               (select coalesce(jsonb_agg(to_jsonb(t)), '[]') from app.largest_tables() as t) as largest_tables,
               (select coalesce(jsonb_agg(to_jsonb(i)), '[]') from app.unused_indexes() as i) as unused_indexes,
               (select coalesce(jsonb_agg(to_jsonb(s)), '[]')
                from app.slow_statements(${SLOW_MILLISECONDS}::float8) as s) as slow_statements,
               (select coalesce(jsonb_agg(to_jsonb(f)), '[]')
                from (select * from app.security_findings() limit 100) as f) as security_findings`,
      Report,
    ),
});
