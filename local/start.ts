import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Cloud, startCloud } from './cloud.ts';
import { secondsSince } from './progress.ts';

/** `npm start`: the local cloud for a person at a terminal. `npm start -- --help` says what can be chosen. */

const usage = `Usage: npm start -- [--fresh] [--verbose]

  --fresh     begin with an empty database
  --verbose   print a line for each request

  PORT            the port to listen on, 3000 when it is not set
  VICINITY_DATA   the folder that keeps the data, .vicinity when it is not set
  DATABASE_URL    a PostgreSQL database with PostGIS to use in place of the embedded one
`;

/**
 * Starts this program again in its place with fewer malloc arenas: glibc keeps one for each of many threads, and with
 * them up to 300 MB of what stopped Lambdas had used.
 */
function boundMemory(): void {
  const { env, execPath, execArgv, argv } = process;
  if (process.platform !== 'linux' || env.MALLOC_ARENA_MAX || !process.execve) return;
  process.execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], { ...env, MALLOC_ARENA_MAX: '2' });
}

function readPort(value: string | undefined): number {
  const port = Number(value ?? 3000);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`PORT must be a number from 0 to 65535, and it is ${value}.`);
  return port;
}

function announce({ url, stages }: Cloud, seconds: string): void {
  const lines = stages.map(stage => `  ${`${url}/${stage}`.padEnd(34)}reference ${url}/${stage}/docs`);
  process.stdout.write(`
Vicinity is ready at ${url} (${seconds} s)

${lines.join('\n')}

  ${`${url}/_local/`.padEnd(34)}people to sign in as, messages, clock, queues and faults
`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { fresh: { type: 'boolean' }, verbose: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  boundMemory();
  // As in Lambda. Worker threads take the zone of the process.
  process.env.TZ = 'UTC';
  const started = performance.now();
  const cloud = await startCloud({
    port: readPort(process.env.PORT),
    dataFolder: resolve(process.env.VICINITY_DATA || '.vicinity'),
    databaseUrl: process.env.DATABASE_URL || undefined,
    fresh: values.fresh,
    verbose: values.verbose,
    people: true,
  });
  announce(cloud, secondsSince(started));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      await cloud.close();
      process.exit(0);
    });
  }
}

try {
  await main();
} catch (thrown) {
  process.stderr.write(`\n${(thrown as Error).message}\n`);
  process.exitCode = 1;
}
