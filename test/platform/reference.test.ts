import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ofKind } from '../../lib/catalogue.ts';
import { writeReference } from '../../lib/reference.ts';
import { marketplaces } from '../../marketplaces/index.ts';
import { anonymous } from '../support/client.ts';
import { entries } from '../support/invoke.ts';

type Operation = {
  operationId: string;
  responses: Record<string, { content?: Record<string, { example?: unknown }> }>;
  security?: unknown;
};
type Document = {
  openapi: string;
  info: { title: string };
  paths: Record<string, Record<string, Operation>>;
};

const operations = ofKind(await entries(), 'http');

async function documents(): Promise<Map<string, Document>> {
  const folder = await mkdtemp(join(tmpdir(), 'vicinity-reference-'));
  try {
    await writeReference(folder, operations);
    const read = async (slug: string) =>
      JSON.parse(await readFile(join(folder, `openapi-${slug}.json`), 'utf8'));
    return new Map(
      await Promise.all(marketplaces.map(async ({ slug }) => [slug, await read(slug)] as const)),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('each marketplace’s document holds every route that it answers, and no other', async () => {
  const all = await documents();
  for (const { slug, modules } of marketplaces) {
    const offered = operations
      .filter(
        ({ contract }) =>
          contract.path !== '$default' && (!contract.module || modules.includes(contract.module)),
      )
      .map(({ contract }) => `${contract.method.toLowerCase()} ${contract.path}`);
    const described = Object.entries(all.get(slug)?.paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map(method => `${method} ${path}`),
    );
    expect(described.sort(), slug).toEqual(offered.sort());
  }
});

test('every operation has an id of its own, an example of its answer, and its refusals by code', async () => {
  const document = (await documents()).get('driveway');
  const described = Object.values(document?.paths ?? {}).flatMap(methods => Object.values(methods));
  const ids = described.map(operation => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const operation of described) {
    const [status = ''] = Object.keys(operation.responses).filter(code => Number(code) < 300);
    const json = operation.responses[status]?.content?.['application/json'];
    if (json) expect(json.example, operation.operationId).toBeDefined();
    expect(operation.responses['400']?.content, operation.operationId).toHaveProperty(
      'application/problem+json',
    );
  }
});

test('the page names the marketplace and allows only its own two scripts', async () => {
  const answer = await anonymous('homigo').get('/docs');
  expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(answer.text).toContain('<title>Homigo API</title>');
  const inline = /<script>([\s\S]*?)<\/script>/.exec(answer.text)?.[1] ?? '';
  const hash = createHash('sha256').update(inline).digest('base64');
  expect(answer.headers['content-security-policy']).toContain(`script-src 'self' 'sha256-${hash}'`);
});

test('a page that is held already is not sent again', async () => {
  const first = await anonymous('homigo').get('/docs');
  const again = await anonymous('homigo').get('/docs', {
    headers: { 'if-none-match': first.headers.etag ?? '' },
  });
  expect(again).toMatchObject({ status: 304, text: '' });
});

test('a path that no route takes is a problem document', async () => {
  const answer = await anonymous('homigo').get('/api/v1/nothing');
  expect(answer).toMatchObject({ status: 404, body: { code: 'not_found' } });
});
