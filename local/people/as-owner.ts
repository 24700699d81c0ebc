import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { Aws } from '../aws/aws.ts';

/** Runs one statement as the database's owner, in a marketplace or in none, and returns its rows. */
export type AsOwner = (
  statement: string,
  values?: readonly unknown[],
  marketplace?: string,
) => Promise<Record<string, unknown>[]>;

/**
 * The owner's way into the database of a local cloud, through the Data API like every other.
 *
 * @returns a function that throws what the database refused
 */
export function createAsOwner({ endpoint, clusterArn, secrets }: Aws): AsOwner {
  const client = new RDSDataClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local-admin', secretAccessKey: 'local' },
  });
  return async (statement, values = [], marketplace) => {
    const { records = [] } = await client.send(
      new ExecuteStatementCommand({
        resourceArn: clusterArn,
        secretArn: secrets.owner,
        database: 'vicinity',
        sql: 'select run::text from app.run(:context::jsonb, :statement, :args) as run',
        parameters: [
          {
            name: 'context',
            value: { stringValue: JSON.stringify({ access: 'everyone', marketplace, now: new Date() }) },
          },
          { name: 'statement', value: { stringValue: statement } },
          { name: 'args', value: { stringValue: JSON.stringify(values) } },
        ],
      }),
    );
    const [meta, ...rows] = records.map(([field]) => JSON.parse(field?.stringValue ?? 'null'));
    if (meta.refused) throw new Error(`The database refused: ${JSON.stringify(meta.refused)}`);
    return rows;
  };
}
