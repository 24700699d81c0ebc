import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptAssembly } from '../test/support/kept.ts';
import { keptDatabase } from '../test/support/migrated.ts';

// The whole suite in two halves, each with a database of its own, which keeps two cores busy: two embedded ones, or two servers, whose
// addresses stand in DATABASE_URL with a space between them. Named files, and a single server, are left to one run.

const urls = process.env.DATABASE_URL?.split(' ') ?? [undefined, undefined];
const VITEST = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');

/** A test leaves much behind that nobody needs: with more room, in MiB, far less of it is taken for what lasts. */
const MEMORY = ['--min-semi-space-size=64', '--max-semi-space-size=64'];

const running = new Set<ChildProcess>();
// Who is stopped stops what it runs, waits for it and leaves nothing behind.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (running.size === 0) process.exit(1);
    for (const child of running) child.kill(signal);
  });

/** Runs vitest on a database and says with which code it ended. */
function vitest(url: string | undefined, ...args: string[]): Promise<number> {
  const env = url ? { ...process.env, DATABASE_URL: url } : process.env;
  const child = spawn(process.execPath, [...MEMORY, VITEST, ...args], { stdio: 'inherit', env });
  running.add(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', code => {
      running.delete(child);
      resolve(code ?? 1);
    });
  });
}

async function runHalves(options: string[]): Promise<number> {
  // What both begin with is made once, before them.
  await Promise.all([keptAssembly(), process.env.DATABASE_URL ? undefined : keptDatabase()]);
  const reports = mkdtempSync(join(tmpdir(), 'vicinity-reports-'));
  try {
    const halves = urls.map((url, index) =>
      vitest(
        url,
        'run',
        `--shard=${index + 1}/${urls.length}`,
        '--reporter=blob',
        '--reporter=dot',
        `--outputFile.blob=${join(reports, `${index}.json`)}`,
      ),
    );
    const codes = await Promise.all(halves);
    const merged = await vitest(urls[0], 'run', `--merge-reports=${reports}`, ...options);
    return Math.max(...codes, merged);
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

const options = process.argv.slice(2);
const isWhole = options.every(option => option.startsWith('--')) && urls.length > 1;
process.exitCode = isWhole ? await runHalves(options) : await vitest(urls[0], 'run', ...options);
