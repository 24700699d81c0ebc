import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { functionName, ofKind, readCatalogue } from '../../lib/catalogue.ts';
import { HOUSE } from './assembly.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vicinity-catalogue-'));
  declare('kernel/http', 'export {};');
});

afterEach(() => rmSync(root, { recursive: true }));

function declare(name: string, source: string): void {
  const file = join(root, 'lambdas', `${name}.ts`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, source);
}

const routeOf = (method: string, path: string) =>
  `export const handler = Object.assign(() => {}, { contract: ${JSON.stringify({ kind: 'http', method, path, needs: [] })} });`;

test('a file with a handler is a Lambda, and a file without one is a library', async () => {
  const entries = await readCatalogue(HOUSE);
  expect(entries.map(functionName)).toEqual([
    'vicinity-alpha-pay-out',
    'vicinity-alpha-read-thing',
    'vicinity-alpha-send-notice',
    'vicinity-alpha-sign-in',
    'vicinity-platform-catch-all',
    'vicinity-platform-relay-outbox',
    'vicinity-platform-show-docs',
    'vicinity-platform-sweep',
  ]);
  expect(ofKind(entries, 'schedule').map(({ contract }) => contract.name)).toEqual(['pay-out', 'sweep']);
});

test('two routes that differ only in the name of a variable are refused', async () => {
  declare('alpha/read-one', routeOf('GET', '/things/{thing_id}'));
  declare('alpha/read-other', routeOf('GET', '/things/{id}'));
  await expect(readCatalogue(root)).rejects.toThrow(
    'vicinity-alpha-read-one and vicinity-alpha-read-other both declare route GET /things/{}.',
  );
});

test('two methods of one path are two routes', async () => {
  declare('alpha/read-one', routeOf('GET', '/things/{thing_id}'));
  declare('alpha/change-one', routeOf('PATCH', '/things/{id}'));
  await expect(readCatalogue(root)).resolves.toHaveLength(2);
});

test('a handler without a contract is refused by name', async () => {
  declare('alpha/forgotten', 'export const handler = () => {};');
  await expect(readCatalogue(root)).rejects.toThrow(
    'lambdas/alpha/forgotten.ts exports a handler without a contract',
  );
});

test('a name that Lambda would not take is refused', async () => {
  const name = `read-${'very-'.repeat(10)}long-name`;
  declare(`alpha/${name}`, routeOf('GET', '/things'));
  await expect(readCatalogue(root)).rejects.toThrow('longer than the 64 characters of Lambda');
});

test('more routes than one API takes are refused', async () => {
  for (let number = 0; number <= 300; number += 1)
    declare(`alpha/read-${number}`, routeOf('GET', `/things/${number}`));
  await expect(readCatalogue(root)).rejects.toThrow('301 routes are more than the 300 integrations');
}, 30_000);
