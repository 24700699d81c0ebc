import { join } from 'node:path';
import type { Database } from './database.ts';
import { openEmbedded } from './embedded.ts';
import { openServer } from './server.ts';

/** What databases are made from is kept here between starts, out of the reach of a folder that is emptied. */
export const cache = join(import.meta.dirname, '../../.cache/vicinity');

export type DatabaseOptions = { url?: string; folder?: string; snapshot?: string; inThread?: boolean };

/**
 * Opens PostgreSQL where a URL is given and the embedded PGlite otherwise: in its folder, or in memory without one.
 *
 * @throws Error with one clear sentence where it cannot be opened
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const { url, ...start } = options;
  return url ? openServer(url) : openEmbedded({ ...start, cache });
}
