import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';

/** Everything that decides what is synthesised. */
const sources = ['bin', 'lib', 'lambdas', 'marketplaces', 'sql', 'cdk.json', 'package-lock.json'];

/**
 * Writes the cloud assembly to `cdk.out`, unless the one that is there was made here from the same sources.
 *
 * @param root the repository
 * @returns the assembly's folder
 * @throws Error with what the CDK app said when it fails
 */
export async function synthesise(root = join(import.meta.dirname, '..')): Promise<string> {
  const folder = join(root, 'cdk.out');
  const stamp = join(folder, '.vicinity-local');
  const manifest = join(folder, 'manifest.json');
  const state = (): string => `${hashSources(root)} ${hashOf(root, ['cdk.out/manifest.json'])}`;
  if (existsSync(stamp) && existsSync(manifest) && readFileSync(stamp, 'utf8') === state()) return folder;
  await runApp(root, folder);
  writeFileSync(stamp, state());
  return folder;
}

/** A digest of everything that decides what is synthesised. */
export const hashSources = (root: string): string => hashOf(root, sources);

/**
 * Lets the CDK app write the cloud assembly to a folder.
 *
 * @throws Error with what the app said when it fails
 */
export async function runApp(root: string, folder: string): Promise<void> {
  // A process of its own: the CDK library takes hundreds of megabytes that nothing here needs afterwards.
  const child = spawn(process.execPath, [join(root, 'bin', 'vicinity.ts')], {
    cwd: root,
    env: { ...process.env, CDK_OUTDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>(resolve => child.once('exit', resolve));
  const [output, errors, code] = await Promise.all([readText(child.stdout), readText(child.stderr), exited]);
  if (code !== 0) throw new Error(`The application cannot be synthesised.\n${errors || output}`.trimEnd());
}

/** A digest of files and folders below a root: their names and contents. */
function hashOf(root: string, paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const absolute = join(root, path);
    if (!existsSync(absolute)) continue;
    for (const file of filesIn(absolute).sort())
      hash.update(`${file}\0`).update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function filesIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { recursive: true, withFileTypes: true });
    return entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  } catch {
    return [path];
  }
}
