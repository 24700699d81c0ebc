import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// The suite on the embedded database, which lives in one thread: two halves, each with a database of its own, keep two cores busy.
// Named files, and a server, are left to one run.

const HALVES = 2;
const VITEST = join(import.meta.dirname, '../node_modules/vitest/vitest.mjs');

/** Runs vitest and says with which code it ended. */
function vitest(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [VITEST, ...args], { stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', code => resolve(code ?? 1));
  });
}

async function runHalves(options: string[]): Promise<number> {
  const reports = mkdtempSync(join(tmpdir(), 'vicinity-reports-'));
  try {
    const halves = Array.from({ length: HALVES }, (_, index) =>
      vitest(
        'run',
        `--shard=${index + 1}/${HALVES}`,
        '--reporter=blob',
        '--reporter=dot',
        `--outputFile.blob=${join(reports, `${index}.json`)}`,
      ),
    );
    const codes = await Promise.all(halves);
    const merged = await vitest('run', `--merge-reports=${reports}`, ...options);
    return Math.max(...codes, merged);
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
}

const options = process.argv.slice(2);
const isWhole = options.every(option => option.startsWith('--')) && !process.env.DATABASE_URL;
process.exitCode = isWhole ? await runHalves(options) : await vitest('run', ...options);
