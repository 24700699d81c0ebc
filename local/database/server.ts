import { availableParallelism } from 'node:os';
import { type ClientBase, DatabaseError, Pool, type PoolClient } from 'pg';
import { type Database, LoginError } from './database.ts';
import { becomeSql } from './prepare.ts';
import { prepareServer } from './prepare-server.ts';
import { runStatement } from './server-statement.ts';

/** What the cluster's parameter group sets for the planner (lib/database.ts). */
const planner = '-c random_page_cost=1.1 -c jit=off';

/**
 * Connections a role may hold; the Data API pools in the same way. Two for each core: each reads plans and catalogue into a memory of its
 * own, and more of them than that take turns in evicting each other's from the caches.
 */
const poolSize = 2 * availableParallelism();

// Every value stays in PostgreSQL's text form: the Data API's own mapping reads it.
const types = { getTypeParser: () => (text: string) => text };

/**
 * Opens the database that a URL names, for a user who may create roles and extensions. Statements run as the role
 * of their secret, which the URL's user takes on when it connects.
 *
 * @throws Error with one clear sentence where the server or a right is missing
 */
export async function openServer(url: string): Promise<Database> {
  await prepareServer(url);
  const pools = new Map<string, Pool>();

  function poolOf(role: string): Pool {
    const known = pools.get(role);
    if (known) return known;
    const pool = new Pool({
      connectionString: url,
      max: poolSize,
      types,
      // RESET ROLE then returns to this role, never to the URL's user.
      options: `-c role=${role.replaceAll(/[\\ ]/g, '\\$&')} -c timezone=UTC ${planner}`,
      onConnect: client => takeSettings(client, role),
      allowExitOnIdle: true,
    });
    // A connection that breaks while idle is replaced by the next call; without a listener it would end the process.
    pool.on('error', () => undefined);
    pools.set(role, pool);
    return pool;
  }

  async function connect(role: string): Promise<PoolClient> {
    try {
      return await poolOf(role).connect();
    } catch (error) {
      if (error instanceof DatabaseError && error.code === '22023') throw new LoginError(role);
      throw error;
    }
  }

  return {
    async execute(role, sql, values, patience) {
      const client = await connect(role);
      return runStatement({ url, client, sql, values, patience, alone: true });
    },

    async begin(role) {
      const client = await connect(role);
      await client.query('begin');
      const end = (command: string) => async () => {
        await client.query(command).finally(() => client.release());
      };
      return {
        execute: (sql, values, patience) =>
          runStatement({ url, client, sql, values, patience, alone: false }),
        commit: end('commit'),
        rollback: end('rollback'),
      };
    },

    async save() {
      throw new Error('Only the embedded database can be saved to a file.');
    },

    async close() {
      await Promise.all([...pools.values()].map(pool => pool.end()));
    },
  };
}

async function takeSettings(client: ClientBase, role: string): Promise<void> {
  const { rowCount } = await client.query(becomeSql(role));
  if (rowCount !== 1) throw new LoginError(role);
}
