import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const FILE = 'phone-numbers.js';

/**
 * Keeps the library of phone numbers, 40 KB of code and 82 KB of the world's numbering plans, out of the code of a Lambda: it lies
 * beside it and is loaded by the first request that brings a number. It shares nothing with the rest, so nothing is there twice.
 */
export const phoneNumbers: Plugin = {
  name: 'phone-numbers',
  setup({ onResolve }) {
    onResolve({ filter: /^libphonenumber-js\/min$/ }, () => ({ path: `./${FILE}`, external: true }));
  },
};

/** Builds the library into a folder, with the options of the Lambdas. */
export async function buildPhoneNumbers(root: string, folder: string, options: BuildOptions): Promise<void> {
  const contents = "export { parsePhoneNumberFromString } from 'libphonenumber-js/min';";
  await build({ ...options, stdin: { contents, resolveDir: root }, outfile: join(folder, FILE) });
}

/** Puts the library beside the code of a Lambda that loads it. */
export async function placePhoneNumbers(from: string, lambda: string): Promise<void> {
  const code = await readFile(join(lambda, 'index.js'), 'utf8');
  if (code.includes(FILE)) await copyFile(join(from, FILE), join(lambda, FILE));
}
