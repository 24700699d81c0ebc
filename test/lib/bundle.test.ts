import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FONT_FILES } from '../../lambdas/money/fonts.ts';
import { bundleLambdas } from '../../lib/bundle.ts';
import { readCatalogue } from '../../lib/catalogue.ts';

// Inside the repository, where the libraries are found.
const CACHE = join(import.meta.dirname, '../../.cache');
let root: string;

beforeEach(() => {
  mkdirSync(CACHE, { recursive: true });
  root = mkdtempSync(join(CACHE, 'bundle-'));
  write('sql/migrations/0001.sql', 'select 1;');
  write('sql/functions/one.sql', 'select 1;');
  write('lambdas/platform/migrate-database.ts', 'export {};');
});

afterEach(() => rmSync(root, { recursive: true }));

function write(file: string, source: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), source);
}

const lambdaOf = (source: string, needs: readonly string[], queue: string) => `${source}
  export const handler = Object.assign(load, { contract: ${JSON.stringify({ kind: 'queue', queue, needs })} });`;

const writeLambda = (source: string, needs: readonly string[] = []) =>
  write('lambdas/alpha/read-thing.ts', lambdaOf(source, needs, 'sms'));

async function bundle(): Promise<string> {
  await bundleLambdas(root, await readCatalogue(root), join(root, 'out'));
  return join(root, 'out/alpha/read-thing');
}

test('a library lies beside the code, and is read when it is needed', async () => {
  write(
    'lambdas/alpha/queue.ts',
    `import { SQSClient } from '@aws-sdk/client-sqs'; export const client = new SQSClient();`,
  );
  writeLambda(
    `import { KMSClient } from '@aws-sdk/client-kms';
     export const kms = KMSClient.name;
     async function load() { return (await import('./queue.ts')).client.config.serviceId; }`,
  );
  const folder = await bundle();
  const files = readdirSync(folder);
  expect(files).toEqual(expect.arrayContaining(['index.js', 'client-kms.js', 'client-sqs.js']));
  const load = createRequire(join(folder, 'index.js'));
  const lambda = load('./index.js');
  const read = () => Object.keys(load.cache).filter(file => file.startsWith(folder));
  expect(read()).toContain(join(folder, 'client-kms.js'));
  expect(read()).not.toContain(join(folder, 'client-sqs.js'));
  await expect(lambda.handler()).resolves.toBe('SQS');
  expect(read()).toContain(join(folder, 'client-sqs.js'));
});

test('what two libraries share stands there once, and a Lambda is given only what it imports', async () => {
  write('lambdas/beta/hash.ts', `import { KMSClient } from '@aws-sdk/client-kms'; new KMSClient();`);
  writeLambda(
    `import { SQSClient } from '@aws-sdk/client-sqs';
     async function load() { return new SQSClient(); }`,
  );
  const folder = await bundle();
  expect(existsSync(join(folder, 'client-kms.js'))).toBe(false);
  expect(existsSync(join(root, 'out/libraries/client-kms.js'))).toBe(true);
  const shared = readdirSync(join(root, 'out/libraries')).filter(file => file.startsWith('shared-'));
  expect(shared).not.toEqual([]);
  expect(readdirSync(folder).filter(file => file.startsWith('shared-')).length).toBeGreaterThan(0);
});

test.each([
  ["import * as kms from '@aws-sdk/client-kms';", 'async function load() { return kms; }'],
  ["import kms from '@aws-sdk/client-kms';", 'async function load() { return kms; }'],
])('%s is refused, since it cannot be shaken', async (first, second) => {
  writeLambda(`${first}\n${second}`);
  await expect(bundle()).rejects.toThrow(
    'alpha/read-thing.ts imports @aws-sdk/client-kms as a whole. Name what it needs.',
  );
});

test('the one export of a library has a name where it is imported', async () => {
  writeLambda(
    `import { default as PDFDocument } from 'pdfkit';
     async function load() { return new PDFDocument({ font: null }).version; }`,
  );
  const folder = await bundle();
  expect(readdirSync(folder)).toContain('pdfkit.js');
  await expect(createRequire(join(folder, 'index.js'))('./index.js').handler()).resolves.toBe(1.3);
});

test('a Lambda that draws documents finds the fonts from its folder, and no other is given them', async () => {
  const source = `import { createRequire } from 'node:module';
    async function load() { return createRequire(import.meta.dirname + '/index.js').resolve('FILE'); }`;
  const [file = ''] = FONT_FILES;
  writeLambda(source.replace('FILE', file), ['fonts']);
  write('lambdas/alpha/write-thing.ts', lambdaOf('async function load() {}', [], 'email'));
  const folder = await bundle();
  const found = await createRequire(join(folder, 'index.js'))('./index.js').handler();
  expect(found).toBe(join(folder, 'node_modules', file));
  expect(existsSync(join(folder, '../write-thing/node_modules'))).toBe(false);
});
