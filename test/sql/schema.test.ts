import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { dumpSchema, snapshotFile } from '../../scripts/dump-schema.ts';

test('sql/schema.sql is what the migrations make: npm run schema writes it', async () => {
  expect(await dumpSchema()).toBe(await readFile(snapshotFile, 'utf8'));
}, 60_000);
