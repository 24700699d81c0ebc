import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
import { FONT_FILES } from '../lambdas/money/fonts.ts';
import { type Entry, MIGRATION, ofKind } from './catalogue.ts';
import { buildLibraries, graphOf, libraries, placeLibraries } from './libraries.ts';
import { writeReference } from './reference.ts';

/** The folder of one Lambda inside the bundle: its `index.js` and what stands beside it, and nothing else. */
export const folderOf = (bundle: string, entry: { module: string; name: string }) =>
  join(bundle, entry.module, entry.name);

const OPTIONS = {
  bundle: true,
  minify: true,
  treeShaking: true,
  platform: 'node',
  target: 'node24',
  // CommonJS starts faster than ESM on Lambda, and sources written as ESM shake better than their main builds.
  format: 'cjs',
  mainFields: ['module', 'main'],
  alias: { '@aws-sdk/credential-provider-node': join(import.meta.dirname, 'lambda-credentials.ts') },
  // CommonJS has no import.meta, and a bundle's own files stand beside it, as a source file's do.
  define: { 'import.meta.dirname': '__dirname' },
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions;

/**
 * Builds every Lambda in one esbuild call, which parses the shared libraries once: 180 Lambdas take seconds.
 *
 * @param root the folder that holds `lambdas/` and `sql/`
 * @param bundle where to write; emptied first
 * @throws when a file does not compile: esbuild has printed where
 */
export async function bundleLambdas(root: string, entries: readonly Entry[], bundle: string): Promise<void> {
  await rm(bundle, { recursive: true, force: true });
  const migration = { ...MIGRATION, file: join(root, 'lambdas', MIGRATION.module, `${MIGRATION.name}.ts`) };
  const all = [...entries, migration];
  const { metafile } = await build({
    ...OPTIONS,
    entryPoints: all.map(({ module, name, file }) => ({ in: file, out: `${module}/${name}/index` })),
    outdir: bundle,
    plugins: [libraries],
    metafile: true,
  });
  const imports = new Map([...graphOf(metafile)].map(([file, reads]) => [resolve(file), reads]));
  const shared = join(bundle, 'libraries');
  const graph = await buildLibraries(root, shared, OPTIONS);
  // Says what the file is, wherever the folder lies: without it a `type` of a folder above would decide.
  const manifest = JSON.stringify({ type: 'commonjs' });
  await Promise.all(all.map(entry => writeFile(join(folderOf(bundle, entry), 'package.json'), manifest)));
  await Promise.all(
    all.map(entry => {
      const folder = folderOf(bundle, entry);
      return placeLibraries(shared, folder, imports.get(join(folder, 'index.js')) ?? [], graph);
    }),
  );
  await copySql(root, folderOf(bundle, MIGRATION));
  await writeFiles(entries, bundle);
  await placeFonts(entries, bundle);
}

async function copySql(root: string, folder: string): Promise<void> {
  for (const part of ['sql/migrations', 'sql/functions']) {
    await mkdir(dirname(join(folder, part)), { recursive: true });
    await cp(join(root, part), join(folder, part), { recursive: true });
  }
}

/** Copies the fonts' files to each Lambda that asked for them, to where Node finds them from its folder as from the sources. */
async function placeFonts(entries: readonly Entry[], bundle: string): Promise<void> {
  const askers = entries.filter(entry => entry.contract.needs.includes('fonts'));
  for (const file of FONT_FILES) {
    const font = fileURLToPath(import.meta.resolve(file));
    await Promise.all(
      askers.map(asker => cp(font, join(folderOf(bundle, asker), 'node_modules', file), { recursive: true })),
    );
  }
}

/** Writes the API reference once and copies it to each Lambda that asked for `bundled-files`. */
async function writeFiles(entries: readonly Entry[], bundle: string): Promise<void> {
  const askers = entries.filter(entry => entry.contract.needs.includes('bundled-files'));
  if (askers.length === 0) return;
  const folder = join(bundle, 'files');
  await mkdir(folder, { recursive: true });
  await writeReference(folder, ofKind(entries, 'http'));
  await Promise.all(
    askers.map(asker => cp(folder, join(folderOf(bundle, asker), 'files'), { recursive: true })),
  );
}
