import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { btree_gist } from '@electric-sql/pglite/contrib/btree_gist';
import { pg_trgm } from '@electric-sql/pglite/contrib/pg_trgm';
import { pgcrypto } from '@electric-sql/pglite/contrib/pgcrypto';
import { prepareSql } from './prepare.ts';
import { slimPostgis } from './slim-postgis.ts';

/** What the thread is started with; `folder` is absent for a database in memory. */
export type WorkerStart = { folder?: string; snapshot?: string; cache: string };

/** Bytes of the protocol, or the name of a file to save the database to. */
export type WorkerRequest = { id: number; bytes?: Uint8Array; saveTo?: string; close?: boolean };
export type WorkerReply = { id: number; bytes?: Uint8Array; failure?: string };

// The versions are pinned together in package.json; a new pair needs new files.
const files = { postgis: 'postgis-0.2.8.tar.gz', prepared: 'prepared-0.5.8.tar' };

async function save(database: PGlite, file: string): Promise<void> {
  const dump = await database.dumpDataDir('none');
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, Buffer.from(await dump.arrayBuffer()));
  await rename(draft, file);
}

async function open(start: WorkerStart): Promise<PGlite> {
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

async function answer(database: PGlite, request: WorkerRequest): Promise<Uint8Array | undefined> {
  if (request.bytes) return database.execProtocolRaw(request.bytes);
  if (request.saveTo) await save(database, request.saveTo);
  if (request.close) await database.close();
  return undefined;
}

const port = parentPort;
if (port) {
  const start: WorkerStart = workerData;
  const database = await open(start);
  port.on('message', (request: WorkerRequest) => {
    answer(database, request).then(
      bytes => port.postMessage({ id: request.id, bytes } satisfies WorkerReply),
      (error: unknown) => port.postMessage({ id: request.id, failure: String(error) } satisfies WorkerReply),
    );
  });
  port.postMessage({ id: 0 } satisfies WorkerReply);
}
