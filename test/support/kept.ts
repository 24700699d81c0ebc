import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readScripts } from '../../lambdas/platform/migrations.ts';
import { hashSources, runApp } from '../../local/synthesise.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What tests begin with is kept here between runs. */
export const CACHE = join(ROOT, '.cache');

const DAY = 86_400_000;

/**
 * A folder that is made once for what decides its content, and found from then on. It is filled under another name, so that it is
 * whole wherever it is seen; of two that are made at once the first stays. Those of a kind that are a day old go.
 *
 * @param kind what it holds
 * @param key a hash of what decides its content
 * @returns where it lies
 */
export async function keepFolder(
  kind: string,
  key: string,
  fill: (folder: string) => Promise<unknown>,
): Promise<string> {
  const folder = join(CACHE, `${kind}-${key.slice(0, 16)}`);
  if (existsSync(folder)) return folder;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  try {
    await fill(draft);
    if (!existsSync(folder)) renameSync(draft, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  for (const name of readdirSync(CACHE).filter(other => other.startsWith(`${kind}-`))) {
    const other = join(CACHE, name);
    if (Date.now() - statSync(other).mtimeMs > DAY) rmSync(other, { recursive: true, force: true });
  }
  return folder;
}

/** The whole application as it is synthesised: the folder of its cloud assembly, which nobody changes. */
export const keptAssembly = (): Promise<string> =>
  keepFolder('assembly', hashSources(ROOT), folder => runApp(ROOT, folder));

/** What decides the migrated database. */
export function hashOfMigrations(): string {
  const hash = createHash('sha256');
  for (const script of readScripts(join(ROOT, 'sql')))
    if (script.name !== 'schema') hash.update(script.fingerprint);
  hash.update(readFileSync(join(ROOT, 'package-lock.json')));
  return hash.digest('hex');
}
