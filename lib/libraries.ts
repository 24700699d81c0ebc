import { copyFile, glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuildOptions, build, type Metafile, type Plugin, transform } from 'esbuild';

/**
 * Libraries that lie beside the code of a Lambda and are read when they are first needed; what they share stands in files of its
 * own. Inside a bundle, code that is loaded later is parsed at the start and cannot be shaken (docs/decisions.md).
 */
const LIBRARIES =
  /^(@aws-sdk\/client-[a-z0-9-]+|jose|libphonenumber-js\/min|@zxcvbn-ts\/language-common|rrule-temporal|stripe|pdfkit)$/;

/** Which files a file of a folder reads, now or later. */
export type FileGraph = ReadonlyMap<string, readonly string[]>;

const fileOf = (library: string) =>
  `${library.replace('@aws-sdk/', '').replace('@', '').replaceAll('/', '-')}.js`;

/** Keeps the libraries out of the bundles. */
export const libraries: Plugin = {
  name: 'libraries',
  setup({ onResolve }) {
    onResolve({ filter: LIBRARIES }, ({ path }) => ({ path: `./${fileOf(path)}`, external: true }));
  },
};

/**
 * Builds the libraries into a folder, with the options of the Lambdas: of each, what some Lambda imports.
 *
 * @throws when a Lambda imports one as a whole, which cannot be shaken
 */
export async function buildLibraries(
  root: string,
  folder: string,
  options: BuildOptions,
): Promise<FileGraph> {
  const contents = await readImports(join(root, 'lambdas'));
  const { outputFiles, metafile } = await build({
    ...options,
    entryPoints: [...contents.keys()].map(name => ({
      in: `library:${name}`,
      out: basename(fileOf(name), '.js'),
    })),
    plugins: [entriesFrom(contents, root)],
    // A library in CommonJS asks where it lies. Only files that lie beside it would be found there, and none of ours needs one.
    define: { ...options.define, 'import.meta.url': JSON.stringify('file:///library.js') },
    // esbuild splits ESM only. Each file is made CommonJS after.
    format: 'esm',
    splitting: true,
    chunkNames: 'shared-[hash]',
    outdir: folder,
    write: false,
    metafile: true,
  });
  await mkdir(folder, { recursive: true });
  await Promise.all(outputFiles.map(({ path, text }) => writeCommonJs(path, text, options)));
  return graphOf(metafile);
}

const DEFAULT_EXPORT = /export\s*\{[^}]*\bas default\b[^}]*\};?\s*$/;

async function writeCommonJs(path: string, text: string, { platform, target, minify }: BuildOptions) {
  const supported = { 'dynamic-import': false };
  // Node takes what a CommonJS file exports as its default, where an ESM importer asks for one.
  const footer = DEFAULT_EXPORT.test(text) ? 'module.exports=module.exports.default;' : undefined;
  const { code } = await transform(text, { format: 'cjs', platform, target, minify, supported, footer });
  await writeFile(path, code);
}

function entriesFrom(contents: ReadonlyMap<string, string>, root: string): Plugin {
  return {
    name: 'entries',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^library:/ }, ({ path }) => ({
        path: path.slice('library:'.length),
        namespace: 'library',
      }));
      onLoad({ filter: /.*/, namespace: 'library' }, ({ path }) => ({
        contents: contents.get(path),
        resolveDir: root,
      }));
    },
  };
}

/** Each library that the Lambdas import, with the code that exports what they import of it. */
async function readImports(lambdas: string): Promise<Map<string, string>> {
  const names = new Map<string, Set<string>>();
  for await (const file of glob('**/*.ts', { cwd: lambdas })) {
    const code = await readFile(join(lambdas, file), 'utf8');
    for (const [, clause = '', library = ''] of code.matchAll(
      /^import (?!type )([^;]*?) from '([^'.]+)';/gm,
    )) {
      if (!LIBRARIES.test(library)) continue;
      if (!clause.startsWith('{'))
        throw new Error(`${file} imports ${library} as a whole. Name what it needs.`);
      const imported = names.get(library) ?? new Set();
      for (const [, type, name = ''] of clause.matchAll(/(type )?(\w+)(?: as \w+)?/g)) {
        if (type === undefined) imported.add(name);
      }
      names.set(library, imported);
    }
  }
  const contents = [...names].map(([library, imported]): [string, string] => [
    library,
    `export { ${[...imported].join(', ')} } from '${library}';`,
  ]);
  return new Map([...contents, ['@zxcvbn-ts/language-common', await readCommonPasswords()]]);
}

/** Shorter ones are refused for their length. */
const SHORTEST_PASSWORD = 8;

/** The package's list of passwords without the rest of it, in the package's own shape. */
async function readCommonPasswords(): Promise<string> {
  const { dictionary } = await import('@zxcvbn-ts/language-common');
  const passwords = dictionary['passwords-common'].filter(({ length }) => length >= SHORTEST_PASSWORD);
  return `export const dictionary = { 'passwords-common': ${JSON.stringify(passwords.join('\n'))}.split('\\n') };`;
}

/** Which files beside it each file of a build reads, by its path there. */
export function graphOf({ outputs }: Metafile): FileGraph {
  const beside = ({ path, external }: { path: string; external?: boolean }) =>
    !external || path.startsWith('./');
  const files = Object.entries(outputs).map(
    ([file, { imports }]) => [file, imports.filter(beside).map(({ path }) => basename(path))] as const,
  );
  return new Map(files);
}

/** Puts beside the code of a Lambda the libraries that it imports, and what these need. */
export async function placeLibraries(
  from: string,
  lambda: string,
  imported: readonly string[],
  graph: FileGraph,
): Promise<void> {
  const byName = new Map([...graph].map(([path, reads]) => [basename(path), reads]));
  const wanted = new Set(imported);
  for (const file of wanted) for (const next of byName.get(file) ?? []) wanted.add(next);
  await Promise.all([...wanted].map(file => copyFile(join(from, file), join(lambda, file))));
}
