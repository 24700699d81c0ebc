import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { benchAccounts } from './accounts.ts';
import { benchBooking } from './booking.ts';
import { type Bundle, benchBundles } from './bundles.ts';
import { benchLedger } from './ledger.ts';
import { benchMemory } from './memory.ts';
import { benchPartitions } from './partitions.ts';
import { benchPayouts } from './payouts.ts';
import { benchRace } from './race.ts';
import { benchSearch } from './search.ts';
import type { Result } from './support/measure.ts';

const OUT = join(import.meta.dirname, '../docs/performance.md');

/** What is measured, in its order: `npm run bench` measures all of it, `npm run bench -- search race` these two. */
const parts: Record<string, () => Promise<{ results: Result[]; bundles?: Bundle[] }>> = {
  search: async () => ({ results: await benchSearch() }),
  race: async () => ({ results: await benchRace() }),
  booking: async () => ({ results: await benchBooking() }),
  partitions: async () => ({ results: await benchPartitions() }),
  ledger: async () => ({ results: await benchLedger() }),
  payouts: async () => ({ results: await benchPayouts() }),
  accounts: async () => ({ results: await benchAccounts() }),
  memory: async () => ({ results: await benchMemory() }),
  bundles: benchBundles,
};

const wanted = process.argv.slice(2);
const sections = readSections();
let passed = true;
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`measuring ${name} …`);
  const { results, bundles } = await measure();
  const section = tableOf(results) + (bundles ? `\n${bundleTable(bundles)}` : '');
  console.log(section);
  sections.set(name, section);
  // Kept at once: the next measurement may take long, or fail.
  writeFileSync(OUT, documentOf(sections));
  passed &&= results.every(result => result.passed);
}
process.exitCode = passed ? 0 : 1;

/** What earlier runs have measured, by the name of the part. */
function readSections(): Map<string, string> {
  const text = existsSync(OUT) ? readFileSync(OUT, 'utf8') : '';
  const [, ...written] = text.split(/^## /m);
  return new Map(
    written.map(section => {
      const end = section.indexOf('\n');
      return [section.slice(0, end), `${section.slice(end).trim()}\n`];
    }),
  );
}

function documentOf(measured: ReadonlyMap<string, string>): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const written = Object.keys(parts)
    .filter(name => measured.has(name))
    .map(name => `## ${name}\n\n${measured.get(name)}`);
  return `# Performance

Written by \`npm run bench\`, each section by \`npm run bench -- <its name>\`. Every bar is a ratio, or a count, measured in one run on
one machine with nothing else to do; times by themselves say little, and are of ${machine}.

${written.join('\n')}`;
}

function tableOf(results: readonly Result[]): string {
  const rows = results.map(
    ({ name, measured, ratio, bar, passed }) =>
      `| ${name} | ${measured} | ${Number(ratio.toFixed(2))} | ${bar} | ${passed ? 'yes' : '**no**'} |\n`,
  );
  return `| what | measured | ratio | bar | met |\n|---|---|---|---|---|\n${rows.join('')}`;
}

function bundleTable(bundles: readonly Bundle[]): string {
  const bare = bundles[0]?.milliseconds ?? Number.NaN;
  const rows = bundles.map(
    ({ name, kilobytes, inAll, milliseconds }) =>
      `| ${name} | ${kilobytes.toFixed(0)} | ${inAll.toFixed(0)} | ${milliseconds.toFixed(1)} | ${(milliseconds / bare).toFixed(2)} |\n`,
  );
  return `Minified CommonJS: what an import reads, all files of the Lambda with the libraries that some calls load later, and the median of
21 imports, each in a process of its own.

| bundle | KB at start | KB in all | import, ms | against the first |
|---|---|---|---|---|
${rows.join('')}`;
}
