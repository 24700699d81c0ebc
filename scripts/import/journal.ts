import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Which rows of a file are listed already, kept on disk as they are. */
export type Journal = { has(reference: string): boolean; add(reference: string): void };

/**
 * Opens the journal of one file and one account. A row is written when the API has taken it; one that was taken and not
 * written any more is found again by its reference.
 *
 * @param folder made when it is missing
 * @param identity all that makes an import the same one: server, account, contents of the file
 */
export function openJournal(folder: string, identity: readonly string[]): Journal {
  mkdirSync(folder, { recursive: true });
  const name = createHash('sha256').update(JSON.stringify(identity)).digest('hex').slice(0, 16);
  const path = join(folder, `${name}.txt`);
  const done = new Set(existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []);
  return {
    has: reference => done.has(reference),
    add(reference) {
      done.add(reference);
      appendFileSync(path, `${reference}\n`);
    },
  };
}
