import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { Statement } from '../../lambdas/kernel/sql.ts';

/** Looks into the tables as their owner, beyond every policy. Returns the rows as objects. Throws what was refused. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads the columns that it asked for.
export async function asOwner(statement: Statement): Promise<any[]> {
  const { records = [] } = await new RDSDataClient().send(
    new ExecuteStatementCommand({
      resourceArn: process.env.DATABASE_ARN,
      secretArn: process.env.OWNER_SECRET_ARN,
      database: process.env.DATABASE_NAME,
      sql: `select run from app.run('{"access": "everyone"}', :statement, :args) as run`,
      parameters: [
        { name: 'statement', value: { stringValue: statement.text } },
        { name: 'args', value: { stringValue: JSON.stringify(statement.values) } },
      ],
    }),
  );
  const [first, ...rows] = records.map(([field]) => JSON.parse(field?.stringValue ?? 'null'));
  if (first.refused) throw new Error(JSON.stringify(first.refused));
  return rows;
}
