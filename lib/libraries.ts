import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/**
 * Libraries that lie beside the code of a Lambda and are loaded by the first request that needs them: they share nothing with
 * the rest, so nothing is there twice, and a start is not slowed by what most requests do without.
 */
type Library = { name: string; file: string; contents: () => Promise<string> };

const LIBRARIES: readonly Library[] = [
  {
    // 40 KB of code and 82 KB of the world's numbering plans.
    name: 'libphonenumber-js/min',
    file: 'phone-numbers.js',
    contents: async () => "export { parsePhoneNumberFromString } from 'libphonenumber-js/min';",
  },
  { name: '@zxcvbn-ts/language-common', file: 'common-passwords.js', contents: readCommonPasswords },
];

/** Shorter ones are refused for their length. */
const SHORTEST_PASSWORD = 8;

/** The package's list of passwords without the rest of it, in the package's own shape. */
async function readCommonPasswords(): Promise<string> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const passwords = dictionary['passwords-common'].filter(({ length }) => length >= SHORTEST_PASSWORD);
  return `export const dictionary = { 'passwords-common': ${JSON.stringify(passwords.join('\n'))}.split('\\n') };`;
}

/** Keeps the libraries out of the bundles. */
export const libraries: Plugin = {
  name: 'libraries',
  setup({ onResolve }) {
    for (const { name, file } of LIBRARIES) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: `./${file}`, external: true }));
    }
  },
};

/** Builds the libraries into a folder, with the options of the Lambdas. */
export async function buildLibraries(root: string, folder: string, options: BuildOptions): Promise<void> {
  for (const { file, contents } of LIBRARIES) {
    const stdin = { contents: await contents(), resolveDir: root };
    await build({ ...options, stdin, outfile: join(folder, file) });
  }
}

/** Puts beside the code of a Lambda the libraries that it loads. */
export async function placeLibraries(from: string, lambda: string): Promise<void> {
  const code = await readFile(join(lambda, 'index.js'), 'utf8');
  for (const { file } of LIBRARIES) {
    if (code.includes(file)) await copyFile(join(from, file), join(lambda, file));
  }
}
