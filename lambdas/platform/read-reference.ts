import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { everyone, useCase } from '../kernel/use-case.ts';

/** The OpenAPI document of this marketplace. It is made from the use cases when the Lambda is built. */
export const readReference = useCase({
  route: 'GET /openapi.json',
  summary: 'Read the OpenAPI document',
  access: everyone(),
  input: z.strictObject({}),
  output: z.unknown(),
  raw: true,
  cache: { scope: 'public', max_age: 300 },
  needs: ['bundled-files'],
  async run(_input, { marketplace }) {
    const body = await readFile(
      join(import.meta.dirname, 'files', `openapi-${marketplace.slug}.json`),
      'utf8',
    );
    return { body, content_type: 'application/json' };
  },
});

export const handler = http(readReference);
