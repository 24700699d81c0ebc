import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

/** What decides the state of a migrated database: its statements, and the settings that are seeded into it. */
const FOLDERS = ['sql/migrations', 'sql/functions', 'marketplaces'];

/**
 * Hashes everything that the migration reads. CloudFormation calls a custom resource again only when one of its
 * properties changed, so this value is what makes a deployment migrate.
 *
 * @returns SHA-256 in hexadecimal, the same for the same contents on every machine
 */
export async function fingerprintDatabase(root: string): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of FOLDERS) {
    const found = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    const files = found.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
    for (const file of files.sort()) {
      hash.update(`${relative(root, file)}\0`).update(await readFile(file));
    }
  }
  return hash.digest('hex');
}
