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
    const { entry, parameters } = match(ofKind(await entries(), 'http'), method, path);
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
  const match = expression.exec(path);
  return (
    match &&
    Object.fromEntries(
      Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  );
}
