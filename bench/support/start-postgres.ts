import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startAws } from '../../local/aws/aws.ts';
import { runMigration } from '../../test/support/run-migration.ts';

const BIN = process.env.POSTGRES_BIN ?? '/usr/lib/postgresql/15/bin';

/** A PostgreSQL of the benchmark's own, on loopback, with settings of a small server. */
export type Server = { url: string; stop(): Promise<void> };

/**
 * Starts a PostgreSQL server in a folder of its own, with an empty database. The local cloud migrates it when it starts;
 * `migrate` does so without one.
 *
 * @throws Error with one sentence when PostgreSQL with PostGIS is not installed
 */
export async function startPostgres(): Promise<Server> {
  if (!existsSync(join(BIN, 'postgres'))) {
    throw new Error(
      `The benchmarks need PostgreSQL 15 with PostGIS: there is none in ${BIN} (POSTGRES_BIN).`,
    );
  }
  const home = mkdtempSync(join(tmpdir(), 'vicinity-bench-'));
  const port = await freePort();
  if (process.getuid?.() === 0) chownSync(home, ...postgresUser());
  run('initdb', [
    '-D',
    join(home, 'data'),
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
  ]);
  const settings = [
    `-p ${port} -k ${home} -c listen_addresses=127.0.0.1 -c shared_buffers=1GB -c max_connections=100`,
    '-c maintenance_work_mem=512MB -c max_wal_size=8GB -c jit=off -c random_page_cost=1.1',
  ].join(' ');
  run('pg_ctl', ['-D', join(home, 'data'), '-w', '-l', join(home, 'log'), '-o', settings, 'start']);
  const url = `postgres://postgres@127.0.0.1:${port}/vicinity`;
  run('createdb', ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', 'vicinity']);
  return {
    url,
    async stop() {
      run('pg_ctl', ['-D', join(home, 'data'), '-m', 'immediate', 'stop']);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** A connection that has taken on a role. */
export async function connectAs(url: string, role: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, options: `-c role=${role} -c timezone=UTC` });
  await client.connect();
  return client;
}

/** Migrates a database as a deployment would. Once in a process: the migration keeps its connection. */
export async function migrate(databaseUrl: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-bench-keys-'));
  const aws = await startAws({ databaseUrl, dataFolder: folder, now: () => new Date() });
  try {
    await runMigration(join(import.meta.dirname, '../../sql'), {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'local-admin',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_ENDPOINT_URL: aws.endpoint,
      DATABASE_ARN: aws.clusterArn,
      DATABASE_NAME: 'vicinity',
      OWNER_SECRET_ARN: aws.secrets.owner,
      API_SECRET_ARN: aws.secrets.api,
      WORKER_SECRET_ARN: aws.secrets.worker,
      TOKEN_KEY_ARN: aws.keys.tokenKeyArn,
      DATA_KEY_ARN: aws.keys.dataKeyArn,
    });
  } finally {
    await aws.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The server refuses to run as root, so root runs it as the user that its package made. */
function run(command: string, args: string[]): void {
  const program = join(BIN, command);
  const asRoot = process.getuid?.() === 0;
  // pg_ctl's server keeps the streams open: they must not be pipes that somebody waits for.
  const options = { stdio: 'ignore', cwd: tmpdir() } as const;
  if (asRoot) execFileSync('runuser', ['-u', 'postgres', '--', program, ...args], options);
  else execFileSync(program, args, options);
}

function postgresUser(): [number, number] {
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return [id('-u'), id('-g')];
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
