import { Client } from 'pg';
import { prepareSql } from './prepare.ts';

/**
 * Makes the owner's role and the extensions in the database that a URL names.
 *
 * @throws Error with one clear sentence where the server cannot be reached or the user lacks a right
 */
export async function prepareServer(url: string): Promise<void> {
  const { client, place } = toClient(url);
  try {
    await client.connect();
  } catch (error) {
    throw new Error(`PostgreSQL at ${place} cannot be used: ${reasonOf(error)}.`, { cause: error });
  }
  try {
    await client.query(prepareSql);
  } catch (error) {
    throw new Error(
      'The user of DATABASE_URL must be allowed to create roles and the extensions postgis, btree_gist, pg_trgm ' +
        `and pgcrypto, but PostgreSQL at ${place} says: ${reasonOf(error)}.`,
      { cause: error },
    );
  } finally {
    await client.end();
  }
}

function toClient(url: string): { client: Client; place: string } {
  if (!/^postgres(ql)?:\/\//.test(url)) {
    throw new Error('DATABASE_URL is not a PostgreSQL URL (postgres://user:password@host:port/database).');
  }
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 10_000 });
  // Names the server without the password.
  return { client, place: `${client.host}:${client.port}/${client.database ?? ''}` };
}

/** A refused connection to a name with two addresses is an AggregateError without a message of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : String(error);
}
