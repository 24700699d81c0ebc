import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { marketplaces } from '../marketplaces/index.ts';
import { describeApi, type Operation } from './openapi.ts';

/**
 * Writes what the reference's Lambdas serve into a folder: `openapi-<marketplace>.json` for each marketplace, and the
 * script of the reference page, `reference.js.gz`.
 */
export async function writeReference(folder: string, operations: readonly Operation[]): Promise<void> {
  const documents = marketplaces.map(marketplace => {
    const document = JSON.stringify(describeApi(marketplace, operations));
    return writeFile(join(folder, `openapi-${marketplace.slug}.json`), document);
  });
  const scalar = dirname(fileURLToPath(import.meta.resolve('@scalar/api-reference')));
  const script = await readFile(join(scalar, 'browser/standalone.js'));
  await Promise.all([
    ...documents,
    writeFile(join(folder, 'reference.js.gz'), await promisify(gzip)(script)),
  ]);
}
