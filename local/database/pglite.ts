import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { prepareSql } from './prepare.ts';
import { slimPostgis } from './slim-postgis.ts';

/** What PGlite is opened with; `folder` is absent for a database in memory. */
export type PGliteStart = { folder?: string; snapshot?: string; cache: string };

/** Bytes of the protocol, or the name of a file to save the database to. */
export type PGliteRequest = { bytes?: Uint8Array; saveTo?: string; close?: boolean };

/** Made once from the packages. Their versions are pinned together in package.json; a new pair needs new files. */
export const files = { postgis: 'postgis-0.2.8.tar.gz', prepared: 'prepared-0.5.8.tar' };

async function save(database: PGlite, file: string): Promise<void> {
  const dump = await database.dumpDataDir('none');
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, Buffer.from(await dump.arrayBuffer()));
  await rename(draft, file);
}

/** Opens the database in this thread, as it was or from the snapshot, or makes a new one. */
export async function openPGlite(start: PGliteStart): Promise<PGlite> {
  const prepared = join(start.cache, files.prepared);
  const isNew = !start.folder || !existsSync(join(start.folder, 'PG_VERSION'));
  const source = isNew ? [start.snapshot, prepared].find(file => file && existsSync(file)) : undefined;
  const database = await PGlite.create({
    dataDir: start.folder,
    loadDataDir: source ? new Blob([await readFile(source)]) : undefined,
    relaxedDurability: true,
    extensions: {
      postgis: await slimPostgis(join(start.cache, files.postgis)),
      btree_gist,
      pg_trgm,
      pgcrypto,
    },
  });
  await database.exec("set timezone = 'UTC'");
  if (isNew && !source) {
    await database.exec(prepareSql);
    await save(database, prepared);
  }
  return database;
}

/** Does what is asked for, and returns the protocol's answer to bytes. */
export async function answerRequest(
  database: PGlite,
  request: PGliteRequest,
): Promise<Uint8Array | undefined> {
  if (request.bytes) return database.execProtocolRaw(request.bytes);
  if (request.saveTo) await save(database, request.saveTo);
  if (request.close) await database.close();
  return undefined;
}
