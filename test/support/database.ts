import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { Statement } from '../../lambdas/kernel/sql.ts';
import type { Aws } from '../../local/aws/aws.ts';

type Target = { client: RDSDataClient; cluster: string | undefined; secret: string | undefined };

/** Looks into the tables as their owner, beyond every policy. Returns the rows as objects. Throws what was refused. */
export function asOwner(statement: Statement) {
  const { DATABASE_ARN, OWNER_SECRET_ARN } = process.env;
  return read({ client: new RDSDataClient(), cluster: DATABASE_ARN, secret: OWNER_SECRET_ARN }, statement);
}

/** The same in a local cloud that a test has started for itself. */
export function readAsOwner({ endpoint, clusterArn, secrets }: Aws, statement: Statement) {
  const client = new RDSDataClient({ endpoint });
  return read({ client, cluster: clusterArn, secret: secrets.owner }, statement);
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads the columns that it asked for.
async function read({ client, cluster, secret }: Target, { text, values }: Statement): Promise<any[]> {
  const { records = [] } = await client.send(
    new ExecuteStatementCommand({
      resourceArn: cluster,
      secretArn: secret,
      database: 'vicinity',
      sql: `select run from app.run('{"access": "everyone"}', :statement, :args) as run`,
      parameters: [
        { name: 'statement', value: { stringValue: text } },
        { name: 'args', value: { stringValue: JSON.stringify(values) } },
      ],
    }),
  );
  const [first, ...rows] = records.map(([field]) => JSON.parse(field?.stringValue ?? 'null'));
  if (first.refused) throw new Error(JSON.stringify(first.refused));
  return rows;
}
