import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Keeps a second process from opening the same folder, which would destroy the embedded database. The lock is
 * SQLite's on a file of ours: the system releases it when its holder dies, however that happens.
 *
 * @returns the function that releases the folder
 * @throws Error with one clear sentence where somebody has it
 */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const lock = new DatabaseSync(join(folder, 'lock'));
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    throw new Error(`The data folder ${folder} is in use. Stop who uses it, or name another folder.`, {
      cause: error,
    });
  }
  return () => lock.close();
}
