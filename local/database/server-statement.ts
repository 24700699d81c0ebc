import { Client, DatabaseError, type PoolClient, type QueryArrayResult } from 'pg';
import { type Patience, type Result, SqlError, TimeoutError, type Value } from './database.ts';
import { toProblem } from './wire.ts';

export type ServerStatement = {
  url: string;
  client: PoolClient;
  sql: string;
  values: readonly Value[];
  patience: Patience;
  /** Not part of a held transaction: the connection goes back to its pool afterwards. */
  alone: boolean;
};

/**
 * Runs one statement by the extended protocol. When the patience ends it is cancelled, unless it is to carry on.
 *
 * @throws SqlError, TimeoutError, or the driver's own error where the connection broke
 */
export async function runStatement(statement: ServerStatement): Promise<Result> {
  const { url, client, patience } = statement;
  const work = settle(statement);
  // The race below may be over before the work is.
  work.catch(() => undefined);
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    if (!patience.carryOn) void cancel(url, client);
    reject(new TimeoutError());
  }, patience.milliseconds);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

async function settle({ client, sql, values, alone }: ServerStatement): Promise<Result> {
  let broken = false;
  try {
    const config = { text: sql, values: [...values], rowMode: 'array' as const, queryMode: 'extended' };
    const result = await client.query<(string | null)[]>(config);
    // A bare BEGIN must not outlive its call: the connection goes to somebody else next.
    if (alone && result.command === 'BEGIN') await client.query('rollback');
    return toResult(result);
  } catch (error) {
    if (error instanceof DatabaseError) throw new SqlError(toProblem(error));
    broken = true;
    throw error;
  } finally {
    if (alone) client.release(broken);
  }
}

function toResult(result: QueryArrayResult<(string | null)[]>): Result {
  return {
    columns: result.fields.map(field => ({
      name: field.name,
      type: field.dataTypeID,
      modifier: field.dataTypeModifier,
      table: field.tableID,
    })),
    rows: result.rows,
    command: result.command ?? '',
    affected: result.rowCount ?? 0,
  };
}

/** Stops the statement that a connection is running, from another connection. */
async function cancel(url: string, client: PoolClient): Promise<void> {
  const other = new Client({ connectionString: url });
  try {
    await other.connect();
    await other.query('select pg_cancel_backend($1)', [Reflect.get(client, 'processID')]);
  } catch {
    // The statement then ends by itself; its caller has an answer already.
  } finally {
    await other.end();
  }
}
