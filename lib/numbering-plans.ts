import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';

const FILE = 'numbering-plans.json';

/**
 * Keeps the numbering plans of the world, 82 KB of data, out of the code of a Lambda: they lie beside it as JSON and are read by
 * the first request that brings a phone number.
 */
export const numberingPlans: Plugin = {
  name: 'numbering-plans',
  setup(build) {
    build.onResolve({ filter: /metadata\.min\.json/ }, () => ({ path: `./${FILE}`, external: true }));
  },
};

/** Puts the plans beside the code of a Lambda that reads them. */
export async function placeNumberingPlans(folder: string): Promise<void> {
  const code = await readFile(join(folder, 'index.js'), 'utf8');
  if (!code.includes(FILE)) return;
  // Its import condition is a script for browsers; the data stands beside it.
  const script = fileURLToPath(import.meta.resolve('libphonenumber-js/metadata.min.json'));
  await copyFile(script.replace(/\.js$/, ''), join(folder, FILE));
}
