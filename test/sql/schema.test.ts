import { openAsBlob } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { expect, inject, test } from 'vitest';
import { dumpSchema, snapshotFile } from '../../scripts/dump-schema.ts';

test('sql/schema.sql is what the migrations make: npm run schema writes it', async () => {
  const snapshot = inject('snapshot');
  const made = await dumpSchema(snapshot ? await openAsBlob(snapshot) : undefined);
  expect(made === (await readFile(snapshotFile, 'utf8')), 'npm run schema').toBe(true);
}, 60_000);
