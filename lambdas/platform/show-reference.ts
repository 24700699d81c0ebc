import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { everyone, useCase } from '../kernel/use-case.ts';

/** The page does not know under which stage or domain it stands, so every address is relative to its own. */
const SCRIPT = `
      Scalar.createApiReference('#app', {
        url: 'openapi.json',
        servers: [{ url: new URL('.', location.href).href.replace(/\\/$/, '') }],
        withDefaultFonts: false,
        showDeveloperTools: 'never',
        hideClientButton: true,
        hideModels: true,
        telemetry: false,
        agent: { disabled: true },
        mcp: { disabled: true },
      });
    `;

/** Only what the page needs: its two scripts, the styles that the reference sets itself, and the API beside it. */
const POLICY = [
  "default-src 'none'",
  `script-src 'self' 'sha256-${createHash('sha256').update(SCRIPT).digest('base64')}'`,
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The API reference as a page, with a console that calls the API. Nothing is loaded from elsewhere. */
export const showReference = useCase({
  route: 'GET /docs',
  summary: 'Show the API reference',
  access: everyone(),
  input: z.strictObject({}),
  output: z.unknown(),
  raw: true,
  cache: { scope: 'public', max_age: 300 },
  async run(_input, { marketplace }) {
    return {
      body: page(marketplace.name),
      content_type: 'text/html; charset=utf-8',
      headers: { 'content-security-policy': POLICY },
    };
  },
});

const page = (name: string) => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${name} API</title>
  </head>
  <body>
    <div id="app"></div>
    <script src="docs/reference.js"></script>
    <script>${SCRIPT}</script>
  </body>
</html>
`;

export const handler = http(showReference);
