import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';
import { bundleLambdas, folderOf } from '../lib/bundle.ts';
import { readCatalogue } from '../lib/catalogue.ts';
import { DATA_LIBRARIES } from '../lib/libraries.ts';
import { atMost, median, type Result } from './support/measure.ts';

const ROOT = join(import.meta.dirname, '..');
const RUNS = 21;

/**
 * A bundle's size in KB of 1,000 bytes, with the libraries beside it but without lists of data, and the median of its import, each
 * import in a process of its own.
 */
export type Bundle = { name: string; kilobytes: number; milliseconds: number };

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
        atMost('the largest Lambda bundle, KB', `${largest.toFixed(0)} KB`, largest, 420),
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

/** All files take turns, so that a busy moment of the machine falls on all of them. */
function measure(files: ReadonlyMap<string, string>): Bundle[] {
  const times = new Map([...files.keys()].map(name => [name, [] as number[]]));
  const script = 'const t = performance.now(); require(process.argv[1]); console.log(performance.now() - t);';
  for (let run = 0; run < RUNS; run += 1) {
    for (const [name, file] of files) {
      const printed = execFileSync(process.execPath, ['-e', script, file], { encoding: 'utf8' });
      times.get(name)?.push(Number(printed));
    }
  }
  return [...files].map(([name, file]) => ({
    name,
    kilobytes: sizeOf(file) / 1000,
    milliseconds: median(times.get(name) ?? []),
  }));
}

function sizeOf(file: string): number {
  const folder = dirname(file);
  const code = file.endsWith('index.js')
    ? readdirSync(folder).filter(name => name.endsWith('.js') && !DATA_LIBRARIES.includes(name))
    : [basename(file)];
  return code.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
