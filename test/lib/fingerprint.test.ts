import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fingerprintDatabase } from '../../lib/fingerprint.ts';
import { HOUSE } from './assembly.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vicinity-fingerprint-'));
  cpSync(HOUSE, root, { recursive: true });
});

afterEach(() => rmSync(root, { recursive: true }));

test('a copy of the same files has the same fingerprint', async () => {
  expect(await fingerprintDatabase(root)).toBe(await fingerprintDatabase(HOUSE));
});

test.each(['sql/migrations/0002_app__second.sql', 'sql/functions/app/first.sql', 'marketplaces/first.ts'])(
  'a change of %s changes the fingerprint',
  async file => {
    const before = await fingerprintDatabase(root);
    writeFileSync(join(root, file), 'select 3;');
    expect(await fingerprintDatabase(root)).not.toBe(before);
  },
);

test('the generated snapshot of the schema and the Lambdas do not count', async () => {
  const before = await fingerprintDatabase(root);
  writeFileSync(join(root, 'sql/schema.sql'), 'create table t ();');
  writeFileSync(join(root, 'lambdas/alpha/thing.ts'), 'export const thing = 2;');
  expect(await fingerprintDatabase(root)).toBe(before);
});
