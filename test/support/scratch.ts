import {
  BeginTransactionCommand,
  ExecuteStatementCommand,
  RollbackTransactionCommand,
} from '@aws-sdk/client-rds-data';
import { clientOf } from './database.ts';
import type { Json } from './json.ts';

/** Runs one statement as the owner and returns its rows as objects. */
export type Run = (statement: string) => Promise<Json[]>;

/**
 * Runs statements as the owner in one transaction that is rolled back at the end: what a test changes here, tables
 * included, nobody else ever sees.
 */
export async function inScratch<T>(work: (run: Run) => Promise<T>): Promise<T> {
  const client = clientOf(process.env.AWS_ENDPOINT_URL);
  const target = { resourceArn: process.env.DATABASE_ARN, secretArn: process.env.OWNER_SECRET_ARN };
  const { transactionId } = await client.send(
    new BeginTransactionCommand({ ...target, database: process.env.DATABASE_NAME }),
  );
  const run: Run = async sql => {
    const command = new ExecuteStatementCommand({ ...target, transactionId, sql, formatRecordsAs: 'JSON' });
    const { formattedRecords } = await client.send(command);
    return JSON.parse(formattedRecords ?? '[]');
  };
  try {
    return await work(run);
  } finally {
    await client.send(new RollbackTransactionCommand({ ...target, transactionId }));
  }
}
