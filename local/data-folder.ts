import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lockFolder } from './aws/lock-folder.ts';

/** Written into a data folder when it is made, so that `--fresh` never empties one that somebody else made. */
const marker = '.vicinity-data';

/**
 * Makes the data folder and takes it for this process.
 *
 * @param fresh empties it first
 * @returns a function that releases the folder
 * @throws Error with one sentence when the folder holds something else or another process has it
 */
export function takeDataFolder(folder: string, fresh: boolean): () => void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = readdirSync(folder);
  if (found.length > 0 && !existsSync(join(folder, marker)))
    throw new Error(`The data folder ${folder} holds files that are not Vicinity's. Choose another one.`);
  const release = lockFolder(folder);
  const text = 'This folder holds the data of a local Vicinity. npm start -- --fresh empties it.\n';
  writeFileSync(join(folder, marker), text);
  for (const entry of found) {
    if (fresh && entry !== marker && entry !== 'lock') rmSync(join(folder, entry), { recursive: true });
  }
  return release;
}
