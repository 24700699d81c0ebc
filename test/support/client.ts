import type { Handler, HttpContract } from '../../lambdas/kernel/use-case.ts';
import { type Entry, ofKind } from '../../lib/catalogue.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { entries, handlerOf } from './invoke.ts';
import { type Answer, sendRequest } from './send-request.ts';

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

  /** Hands the request to the Lambda of its route. */
  async send(method: string, target: string, body: unknown, options: SendOptions = {}): Promise<Answer> {
    const [path = '', query] = target.split('?');
    const { entry, parameters } = await match(method, path);
    const handler = (await handlerOf(entry)) as Handler<HttpContract>;
    return sendRequest(handler, {
      marketplace: this.marketplace,
      path,
      parameters,
      query,
      headers: { ...(this.token ? { authorization: `Bearer ${this.token}` } : {}), ...options.headers },
      body: options.raw ?? (body === undefined ? undefined : JSON.stringify(body)),
      ip: options.ip,
    });
  }
}

/** Somebody without a token. */
export const anonymous = (marketplace: string) => new Client(marketplace);

type Route = { entry: Entry<HttpContract>; pattern: RegExp };
let known: Promise<Route[]> | undefined;

/** Every route with the pattern of its path, written once. Literal segments win over variables, as at API Gateway. */
function routes(): Promise<Route[]> {
  known ??= entries().then(all =>
    ofKind(all, 'http')
      .filter(({ contract }) => contract.path !== '$default')
      .sort((a, b) => variables(a) - variables(b))
      .map(entry => ({ entry, pattern: patternOf(entry.contract.path) })),
  );
  return known;
}

const variables = (entry: Entry<HttpContract>) => entry.contract.path.split('{').length;

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

async function match(method: string, path: string) {
  for (const { entry, pattern } of await routes()) {
    const groups = entry.contract.method === method && pattern.exec(path);
    if (groups) return { entry, parameters: decode(groups.groups ?? {}) };
  }
  const fallback = ofKind(await entries(), 'http').find(({ contract }) => contract.path === '$default');
  if (!fallback) throw new Error(`No route takes ${method} ${path}.`);
  return { entry: fallback, parameters: {} };
}

const decode = (values: Record<string, string>) =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, decodeURIComponent(value)]));
