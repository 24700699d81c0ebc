import { randomUUID } from 'node:crypto';
import type { HttpContract } from '../../lambdas/kernel/use-case.ts';
import { type Entry, ofKind } from '../../lib/catalogue.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { contextOf, entries, handlerOf } from './invoke.ts';

/** An answer as it went over the wire. `trips` are the database trips that the request cost. */
// biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there, and fails where it is not.
export type Answer = { status: number; headers: Record<string, string>; body: any; text: string };

export type SendOptions = { headers?: Record<string, string>; raw?: string; ip?: string };

/** Somebody who sends requests to one marketplace. */
export class Client {
  readonly marketplace: string;
  readonly token: string | undefined;

  constructor(marketplace: string, token?: string) {
    if (!marketplaceOf(marketplace)) throw new Error(`There is no marketplace ${marketplace}.`);
    this.marketplace = marketplace;
    this.token = token;
  }

  get = (path: string, options?: SendOptions) => this.send('GET', path, undefined, options);
  post = (path: string, body?: unknown, options?: SendOptions) => this.send('POST', path, body, options);
  put = (path: string, body?: unknown, options?: SendOptions) => this.send('PUT', path, body, options);
  patch = (path: string, body?: unknown, options?: SendOptions) => this.send('PATCH', path, body, options);
  delete = (path: string, options?: SendOptions) => this.send('DELETE', path, undefined, options);

  /** Hands the request to the Lambda of its route as API Gateway would, payload format 2.0. */
  async send(method: string, target: string, body: unknown, options: SendOptions = {}): Promise<Answer> {
    const [path = '', query = ''] = target.split('?');
    const { entry, parameters } = match(ofKind(await entries(), 'http'), method, path);
    const handler = await handlerOf(entry);
    const payload = options.raw ?? (body === undefined ? undefined : JSON.stringify(body));
    const headers = {
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
      ...options.headers,
    };
    const result = await handler(
      {
        version: '2.0',
        routeKey: `${method} ${entry.contract.path}`,
        rawPath: `/${this.marketplace}${path}`,
        rawQueryString: query,
        headers,
        ...(query ? { queryStringParameters: readQuery(query) } : {}),
        pathParameters: parameters,
        requestContext: {
          stage: this.marketplace,
          requestId: randomUUID(),
          routeKey: `${method} ${entry.contract.path}`,
          http: {
            method,
            path: `/${this.marketplace}${path}`,
            protocol: 'HTTP/1.1',
            sourceIp: options.ip ?? '127.0.0.1',
            userAgent: 'vitest',
          },
        },
        body: payload,
        isBase64Encoded: false,
      },
      contextOf(entry.name),
    );
    return read(result as { statusCode: number; headers: Record<string, string>; body?: string });
  }
}

/** Somebody without a token. */
export const anonymous = (marketplace: string) => new Client(marketplace);

function readQuery(query: string): Record<string, string> {
  const values = new URLSearchParams(query);
  return Object.fromEntries([...new Set(values.keys())].map(name => [name, values.getAll(name).join(',')]));
}

function read(result: { statusCode: number; headers: Record<string, string>; body?: string }): Answer {
  const text = result.body ?? '';
  const json = /json/.test(result.headers['content-type'] ?? '');
  return {
    status: result.statusCode,
    headers: result.headers,
    body: json ? JSON.parse(text) : undefined,
    text,
  };
}

/** Literal segments win over variables, as at API Gateway. */
function match(candidates: readonly Entry<HttpContract>[], method: string, path: string) {
  const found = candidates
    .filter(entry => entry.contract.method === method && entry.contract.path !== '$default')
    .map(entry => ({ entry, parameters: matchPath(entry.contract.path, path) }))
    .filter(({ parameters }) => parameters !== null)
    .sort((a, b) => variables(a.entry) - variables(b.entry))[0];
  const fallback = candidates.find(entry => entry.contract.path === '$default');
  if (!found && !fallback) throw new Error(`No route takes ${method} ${path}.`);
  return { entry: (found?.entry ?? fallback) as Entry<HttpContract>, parameters: found?.parameters ?? {} };
}

const variables = (entry: Entry<HttpContract>) => entry.contract.path.split('{').length;

function matchPath(pattern: string, path: string): Record<string, string> | null {
  const expression = new RegExp(`^${pattern.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);
  const groups = expression.exec(path)?.groups;
  if (groups)
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  return expression.test(path) ? {} : null;
}
