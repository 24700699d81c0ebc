import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { Statement } from '../../lambdas/kernel/sql.ts';
import type { Aws } from '../../local/aws/aws.ts';
import type { Json } from './json.ts';

type Target = {
  client: RDSDataClient;
  cluster: string | undefined;
  secret: string | undefined;
  context: Record<string, unknown>;
};

/**
 * Looks into the tables as their owner, beyond every policy. Returns the rows as objects. Throws what was refused.
 *
 * @param context whom a function that is called here acts for, as `app.run` reads it
 */
export function asOwner(statement: Statement, context: Record<string, unknown> = { access: 'everyone' }) {
  const { DATABASE_ARN, OWNER_SECRET_ARN } = process.env;
  return read(
    {
      client: clientOf(process.env.AWS_ENDPOINT_URL),
      cluster: DATABASE_ARN,
      secret: OWNER_SECRET_ARN,
      context,
    },
    statement,
  );
}

/** The same in a local cloud that a test has started for itself. */
export function readAsOwner({ endpoint, clusterArn, secrets }: Aws, statement: Statement) {
  const context = { access: 'everyone' };
  return read({ client: clientOf(endpoint), cluster: clusterArn, secret: secrets.owner, context }, statement);
}

const clients = new Map<string | undefined, RDSDataClient>();

/** One for each endpoint: every client holds connections of its own, and thousands of them are more than a process may open. */
export function clientOf(endpoint: string | undefined): RDSDataClient {
  const client = clients.get(endpoint) ?? new RDSDataClient({ endpoint });
  clients.set(endpoint, client);
  return client;
}

async function read(target: Target, { text, values }: Statement): Promise<Json[]> {
  const { client, cluster, secret, context } = target;
  const { records = [] } = await client.send(
    new ExecuteStatementCommand({
      resourceArn: cluster,
      secretArn: secret,
      database: 'vicinity',
      sql: 'select run from app.run(:context::jsonb, :statement, :args) as run',
      parameters: [
        { name: 'context', value: { stringValue: JSON.stringify(context) } },
        { name: 'statement', value: { stringValue: text } },
        { name: 'args', value: { stringValue: JSON.stringify(values) } },
      ],
    }),
  );
  const [first, ...rows] = records.map(([field]) => JSON.parse(field?.stringValue ?? 'null'));
  if (first.refused) throw new Error(JSON.stringify(first.refused));
  return rows;
}
