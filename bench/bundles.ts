import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import { bundleLambdas, folderOf } from '../lib/bundle.ts';
import { readCatalogue } from '../lib/catalogue.ts';
import { atMost, median, type Result } from './support/measure.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 21;

/**
 * A bundle: KB of 1,000 bytes of the files that its import reads and of all its files, and the median of the import, each in a
 * process of its own. What is not read at the start is a library that some calls load later (lib/libraries.ts).
 */
export type Bundle = { name: string; kilobytes: number; inAll: number; milliseconds: number };

/** Sizes of all bundles, and their import times against a bundle of the bare RDS Data client. */
export async function benchBundles(): Promise<{ results: Result[]; bundles: Bundle[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'vicinity-bundles-'));
  try {
    const entries = await readCatalogue(ROOT);
    await bundleLambdas(ROOT, entries, join(folder, 'lambdas'));
    const files = new Map([['the bare RDS Data client', await bundleClient(folder)]]);
    for (const entry of entries) {
      files.set(`${entry.module}/${entry.name}`, join(folderOf(join(folder, 'lambdas'), entry), 'index.js'));
    }
    const bundles = measure(files);
    const [bare, ...lambdas] = bundles;
    const largest = Math.max(...lambdas.map(bundle => bundle.kilobytes));
    const slowest = lambdas.reduce((a, b) => (a.milliseconds > b.milliseconds ? a : b));
    const bareTime = bare?.milliseconds ?? Number.NaN;
    const times = `${slowest.milliseconds.toFixed(1)} ms (${slowest.name}) / ${bareTime.toFixed(1)} ms`;
    return {
      bundles,
      results: [
        atMost(
          'the most code that a Lambda reads at its start, KB',
          `${largest.toFixed(0)} KB`,
          largest,
          420,
        ),
        atMost(
          'the slowest Lambda import / the bare RDS Data client',
          times,
          slowest.milliseconds / bareTime,
          1.25,
        ),
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bundleClient(folder: string): Promise<string> {
  const entry = join(ROOT, 'bench', '.client.ts');
  writeFileSync(
    entry,
    "export { ExecuteStatementCommand, RDSDataClient } from '@aws-sdk/client-rds-data';\n",
  );
  const outfile = join(folder, 'client.cjs');
  try {
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['module', 'main'],
      logLevel: 'error',
    });
  } finally {
    rmSync(entry);
  }
  return outfile;
}

const IMPORT = `
  const started = performance.now();
  require(process.argv[1]);
  const milliseconds = performance.now() - started;
  console.log(JSON.stringify({ milliseconds, files: Object.keys(require.cache) }));
`;

/** All files take turns, so that a busy moment of the machine falls on all of them. */
function measure(files: ReadonlyMap<string, string>): Bundle[] {
  const times = new Map([...files.keys()].map(name => [name, [] as number[]]));
  const read = new Map<string, string[]>();
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, file] of files) {
      const printed = JSON.parse(execFileSync(process.execPath, ['-e', IMPORT, file], { encoding: 'utf8' }));
      times.get(name)?.push(printed.milliseconds);
      read.set(name, printed.files);
    }
  }
  return [...files].map(([name, file]) => ({
    name,
    kilobytes: kilobytesOf(read.get(name) ?? []),
    inAll: kilobytesOf(codeIn(dirname(file))),
    milliseconds: median(times.get(name) ?? []),
  }));
}

const codeIn = (folder: string) =>
  readdirSync(folder)
    .filter(name => /\.c?js$/.test(name))
    .map(name => join(folder, name));

const kilobytesOf = (files: readonly string[]) =>
  files.reduce((sum, file) => sum + statSync(file).size / 1000, 0);
