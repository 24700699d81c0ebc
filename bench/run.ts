import { writeFileSync } from 'node:fs';
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

/** `npm run bench` measures everything and writes the table; `npm run bench -- search` measures that and prints it. */
const parts: Record<string, () => Promise<Result[]>> = {
  search: benchSearch,
  race: benchRace,
  booking: benchBooking,
  partitions: benchPartitions,
  ledger: benchLedger,
  payouts: benchPayouts,
  accounts: benchAccounts,
  memory: benchMemory,
  bundles: async () => {
    const { results, bundles: measured } = await benchBundles();
    bundles = measured;
    return results;
  },
};

let bundles: Bundle[] = [];
const wanted = process.argv.slice(2);
const results: Result[] = [];
for (const [name, measure] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`measuring ${name} …`);
  results.push(...(await measure()));
}
const text = report();
console.log(text);
if (wanted.length === 0) writeFileSync(OUT, text);
process.exitCode = results.every(result => result.passed) ? 0 : 1;

function report(): string {
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
  const rows = results.map(
    ({ name, measured, ratio, bar, passed }) =>
      `| ${name} | ${measured} | ${Number(ratio.toFixed(2))} | ${bar} | ${passed ? 'yes' : '**no**'} |`,
  );
  const bare = bundles[0]?.milliseconds ?? Number.NaN;
  const sizes = bundles.map(
    ({ name, kilobytes, inAll, milliseconds }) =>
      `| ${name} | ${kilobytes.toFixed(0)} | ${inAll.toFixed(0)} | ${milliseconds.toFixed(1)} | ${(milliseconds / bare).toFixed(2)} |`,
  );
  return `# Performance

Written by \`npm run bench\`. Every bar is a ratio, or a count, measured in one run on one machine; times by themselves say
little, and are of ${machine}.

| what | measured | ratio | bar | met |
|---|---|---|---|---|
${rows.join('\n')}
${
  bundles.length === 0
    ? ''
    : `
## Bundles

Minified CommonJS: what an import reads, all files of the Lambda with the libraries that some calls load later, and the median of
21 imports, each in a process of its own.

| bundle | KB at start | KB in all | import, ms | against the first |
|---|---|---|---|---|
${sizes.join('\n')}
`
}`;
}
