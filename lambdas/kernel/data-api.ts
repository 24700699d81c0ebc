import { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';
import type { Context, Meta, RefusedStatement } from './database.ts';
import { environment } from './environment.ts';
import type { Statement } from './sql.ts';

/** What one trip brought: the meta row and the statement's rows, or why the database refused. */
export type TripAnswer = { meta: Meta; rows: unknown[] } | { refused: RefusedStatement };

/** An error of the Data API itself, after which nothing is known of the statement. */
export class DataApiError extends Error {
  readonly code: string;

  constructor(cause: Error) {
    super(cause.message, { cause });
    this.name = 'DataApiError';
    this.code = cause.name;
  }
}

let client: RDSDataClient | undefined;

/** The client is made at the first call. It never tries again by itself: a 500 may have committed (see `database.ts`). */
function dataClient(): RDSDataClient {
  client ??= new RDSDataClient({
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 26_000 },
  });
  return client;
}

/** Runs one statement through `app.run`: one HTTP call, one transaction. Throws DataApiError. */
export async function callDatabase(context: Context, statement: Statement): Promise<TripAnswer> {
  const command = new ExecuteStatementCommand({
    resourceArn: environment('DATABASE_ARN'),
    secretArn: environment('DATABASE_SECRET_ARN'),
    database: environment('DATABASE_NAME'),
    sql: 'select run from app.run(:context::jsonb, :statement, :args) as run',
    parameters: [
      { name: 'context', value: { stringValue: JSON.stringify(context) } },
      { name: 'statement', value: { stringValue: statement.text } },
      { name: 'args', value: { stringValue: JSON.stringify(statement.values) } },
    ],
  });
  const { records = [] } = await dataClient()
    .send(command)
    .catch((error: Error) => {
      throw new DataApiError(error);
    });
  const [first, ...rows] = records.map(([field]) => JSON.parse(field?.stringValue ?? 'null'));
  return 'refused' in first ? first : { meta: first, rows: rows.map(unwrap) };
}

/** A row that a function returned as one column, as the row it is. */
const unwrap = (row: { row_value?: unknown }): unknown => ('row_value' in row ? row.row_value : row);
