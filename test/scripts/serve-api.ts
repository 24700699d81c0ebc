import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Client } from '../support/client.ts';
import { randomAddress } from '../support/people.ts';

/** A status that the server in between answers by itself, or undefined to hand the request on. */
export type Trouble = (request: { path: string; count: number }) => number | undefined;

/** Serves the real Lambdas over HTTP as the gateway would: `/<marketplace>/api/v1/…`. */
export async function serveApi(trouble: Trouble = () => undefined) {
  let count = 0;
  const ip = randomAddress();
  const server = createServer(async (request, response) => {
    const [, marketplace = '', path = ''] = /^\/(\w+)(\/.*)$/.exec(request.url ?? '') ?? [];
    const raw = await text(request);
    count += 1;
    const status = trouble({ path, count });
    if (status !== undefined) {
      response.writeHead(status, { 'retry-after': '0' }).end();
      return;
    }
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    );
    const answer = await new Client(marketplace).send(request.method ?? '', path, undefined, {
      headers,
      raw,
      ip,
    });
    response.writeHead(answer.status, answer.headers).end(answer.text);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => new Promise(resolve => server.close(resolve)),
  };
}
