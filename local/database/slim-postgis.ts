import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Extension } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';

const block = 512;

/**
 * PostGIS without its raster, topology and upgrade scripts. The package preloads and compiles each library in its
 * bundle: leaving two of the three out takes 300 MB and half a second off every start.
 *
 * @param file where the smaller bundle is kept; it is written on first use
 */
export async function slimPostgis(file: string): Promise<Extension> {
  return {
    name: postgis.name,
    async setup(database, options) {
      const whole = await postgis.setup(database, options);
      if (!whole.bundlePath) return whole;
      if (!existsSync(file)) await writeBundle(whole.bundlePath, file);
      return { ...whole, bundlePath: pathToFileURL(file) };
    },
  };
}

async function writeBundle(from: URL, to: string): Promise<void> {
  const slim = gzipSync(keepEntries(gunzipSync(await readFile(from)), isNeeded));
  await mkdir(dirname(to), { recursive: true });
  // Several processes may start at once: each writes its own file, and the last rename wins with the same bytes.
  const draft = `${to}.${process.pid}`;
  await writeFile(draft, slim);
  await rename(draft, to);
}

function isNeeded(path: string): boolean {
  return (
    path.endsWith('/postgis-3.so') ||
    path.includes('share/proj/') ||
    /extension\/postgis(--\d+\.\d+\.\d+\.sql|\.control)$/.test(path)
  );
}

/** Copies the wanted entries of a tar archive: a header block, then the content padded to whole blocks. */
function keepEntries(tar: Buffer, wanted: (path: string) => boolean): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at + block <= tar.length && tar[at] !== 0; ) {
    const path = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('utf8', at + 124, at + 136), 8);
    const end = at + block + Math.ceil(size / block) * block;
    if (wanted(path)) kept.push(tar.subarray(at, end));
    at = end;
  }
  return Buffer.concat([...kept, Buffer.alloc(2 * block)]);
}
