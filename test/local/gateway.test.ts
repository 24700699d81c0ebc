import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createAppClock } from '../../local/app-clock.ts';
import type { LambdaFunction } from '../../local/functions/lambda-function.ts';
import type { Cors } from '../../local/gateway/cors.ts';
import { createGateway } from '../../local/gateway/gateway.ts';
import { parseRoute } from '../../local/gateway/match-route.ts';
import type { Limit } from '../../local/gateway/throttle.ts';
import { makeFunction } from './fixtures/lambda.ts';

type Options = {
  cors?: Cors;
  limit?: Limit;
  timeout?: number;
  permitted?: boolean;
};

/** A gateway with the stage `shop`, listening, that maps route keys to exports of the fixture. */
async function serve(routes: Record<string, string>, options: Options = {}) {
  const functions = new Map<string, LambdaFunction>();
  for (const exported of Object.values(routes)) {
    functions.set(exported, makeFunction(exported, { handler: `http.${exported}`, timeout: 20 }).lambda);
  }
  const gateway = createGateway({
    apis: [
      {
        id: 'abcdefghij',
        name: 'test',
        cors: options.cors,
        stages: new Map([['shop', { name: 'shop', limit: options.limit, routeLimits: new Map() }]]),
        routes: Object.entries(routes).map(([key, exported]) =>
          parseRoute(key, {
            functionArn: exported,
            timeout: options.timeout ?? 30_000,
            permitted: options.permitted ?? true,
          }),
        ),
      },
    ],
    functionOf: arn => functions.get(arn),
    clock: createAppClock(),
  });
  const server = createServer(gateway);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the event of a request', () => {
  test('is one of payload format 2.0', async () => {
    const url = await serve({ 'POST /spaces/{space_id}': 'echo' });
    const response = await fetch(`${url}/shop/spaces/a%20b?tag=x&tag=y&q=1%2B1`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Cookie: 'a=1; b=2', 'X-Custom': 'Kept' },
      body: '{"n":1}',
    });
    const event = (await response.json()) as { headers: object; requestContext: { requestId: string } };
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /spaces/{space_id}',
      rawPath: '/shop/spaces/a b',
      rawQueryString: 'tag=x&tag=y&q=1%2B1',
      queryStringParameters: { tag: 'x,y', q: '1+1' },
      pathParameters: { space_id: 'a b' },
      cookies: ['a=1', 'b=2'],
      headers: { 'x-custom': 'Kept', 'content-type': 'application/json', 'x-forwarded-proto': 'http' },
      requestContext: {
        accountId: '000000000000',
        apiId: 'abcdefghij',
        stage: 'shop',
        http: { method: 'POST', path: '/shop/spaces/a b', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
      },
      body: '{"n":1}',
      isBase64Encoded: false,
    });
    expect(event.headers).not.toHaveProperty('cookie');
    expect(response.headers.get('apigw-requestid')).toBe(event.requestContext.requestId);
  });

  test('carries a query whose names every object inherits', async () => {
    const url = await serve({ 'GET /a': 'echo' });
    const event = await (await fetch(`${url}/shop/a?constructor=1&__proto__=2`)).json();
    expect(event).toHaveProperty('queryStringParameters', JSON.parse('{"constructor":"1","__proto__":"2"}'));
  });

  test('carries a body that is not text in base64, and no body at all when there is none', async () => {
    const url = await serve({ 'ANY /': 'echo' });
    const binary = await fetch(`${url}/shop/`, {
      method: 'POST',
      headers: { 'content-type': 'image/png' },
      body: new Uint8Array([0, 255]),
    });
    expect(await binary.json()).toMatchObject({ isBase64Encoded: true, body: 'AP8=' });
    const form = await fetch(`${url}/shop/`, { method: 'POST', body: new URLSearchParams({ a: '1' }) });
    expect(await form.json()).toMatchObject({ isBase64Encoded: true, body: 'YT0x' });
    expect(await (await fetch(`${url}/shop/`)).json()).not.toHaveProperty('body');
  });
});

describe('the response', () => {
  test('is the Lambda’s status, headers, cookies and decoded body', async () => {
    const url = await serve({ 'GET /a': 'full' });
    const response = await fetch(`${url}/shop/a`);
    expect(response.status).toBe(201);
    expect(response.headers.get('location')).toBe('/a');
    expect(response.headers.get('x-count')).toBe('3');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([0, 1, 2, 255]);
  });

  test('is 200 in JSON for an answer without a status', async () => {
    const url = await serve({ 'GET /object': 'plain', 'GET /text': 'text' });
    const object = await fetch(`${url}/shop/object`);
    expect(object.headers.get('content-type')).toBe('application/json');
    expect(await object.json()).toEqual({ hello: 'world' });
    expect(await (await fetch(`${url}/shop/text`)).text()).toBe('only text');
  });

  test.each(['invalid', 'bodyObject', 'throws'])('is a masked 500 for a Lambda that %s', async exported => {
    const url = await serve({ 'GET /a': exported });
    const response = await fetch(`${url}/shop/a`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
  });

  test('is 503 when the integration’s time is over', async () => {
    const url = await serve({ 'GET /a': 'hangs' }, { timeout: 200 });
    const response = await fetch(`${url}/shop/a`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: 'Service Unavailable' });
  });

  test('is 500 when no permission lets the gateway invoke the Lambda', async () => {
    const url = await serve({ 'GET /a': 'plain' }, { permitted: false });
    expect((await fetch(`${url}/shop/a`)).status).toBe(500);
  });

  test('is 404 for a stage or a route that is not there, HEAD of a GET among them', async () => {
    const url = await serve({ 'GET /a': 'plain' });
    for (const [method, path] of [
      ['GET', '/'],
      ['GET', '/other/a'],
      ['GET', '/shop'],
      ['POST', '/shop/a'],
      ['HEAD', '/shop/a'],
    ] as const) {
      const response = await fetch(`${url}${path}`, { method });
      expect(response.status, `${method} ${path}`).toBe(404);
      if (method !== 'HEAD') expect(await response.json()).toEqual({ message: 'Not Found' });
    }
  });

  test('is 400 for a path that is not encoded right', async () => {
    const url = await serve({ 'GET /a/{b}': 'plain', $default: 'plain' });
    expect((await fetch(`${url}/shop/a/%zz`)).status).toBe(400);
    expect((await fetch(`${url}/shop/%zz`)).status).toBe(400);
  });

  test('is 413 for a body above 10 MB, and for an event above Lambda’s 6 MB', async () => {
    const url = await serve({ 'POST /a': 'plain' });
    for (const size of [11, 7]) {
      const body = 'x'.repeat(size * 1024 * 1024);
      const response = await fetch(`${url}/shop/a`, { method: 'POST', body });
      expect(response.status).toBe(413);
      expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
    }
  });

  test('is 429 above the stage’s throttle', async () => {
    const url = await serve({ 'GET /a': 'plain' }, { limit: { rate: 0.001, burst: 2 } });
    const statuses = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await fetch(`${url}/shop/a`)).status);
    expect(statuses).toEqual([200, 200, 429]);
  });
});

describe('CORS', () => {
  const cors: Cors = {
    origins: ['https://app.example'],
    methods: ['GET', 'POST'],
    headers: ['authorization'],
    exposed: ['etag'],
    maxAge: 600,
    credentials: false,
  };
  const preflight = { origin: 'https://app.example', 'access-control-request-method': 'POST' };

  test('answers a preflight at the gateway', async () => {
    const url = await serve({ 'POST /a': 'throws' }, { cors });
    const response = await fetch(`${url}/shop/a`, { method: 'OPTIONS', headers: preflight });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET,POST');
    expect(response.headers.get('access-control-max-age')).toBe('600');
  });

  test('puts the template’s headers in the place of the Lambda’s', async () => {
    const url = await serve({ 'GET /a': 'full' }, { cors });
    const allowed = await fetch(`${url}/shop/a`, { headers: { origin: 'https://app.example' } });
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-expose-headers')).toBe('etag');
    const other = await fetch(`${url}/shop/a`, { headers: { origin: 'https://other.example' } });
    expect(other.headers.get('access-control-allow-origin')).toBeNull();
  });
});
