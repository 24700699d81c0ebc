import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { everyone, useCase } from '../kernel/use-case.ts';

/** The script of the API reference, compressed when the Lambda is built: as it is, it would near Lambda's 6 MB. */
export const loadReferenceScript = useCase({
  route: 'GET /docs/reference.js',
  summary: 'Load the script of the API reference',
  access: everyone(),
  input: z.strictObject({}),
  output: z.unknown(),
  raw: true,
  cache: { scope: 'public', max_age: 86_400 },
  needs: ['bundled-files'],
  async run() {
    const script = await readFile(join(import.meta.dirname, 'files', 'reference.js.gz'));
    return {
      body: script.toString('base64'),
      is_base64: true,
      content_type: 'text/javascript; charset=utf-8',
      headers: { 'content-encoding': 'gzip' },
    };
  },
});

export const handler = http(loadReferenceScript);
