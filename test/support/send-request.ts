import { randomUUID } from 'node:crypto';
import type { Handler, HttpContract } from '../../lambdas/kernel/use-case.ts';
import { contextOf } from './invoke.ts';
import type { Json } from './json.ts';
import { logOfRequest } from './logs.ts';

/** An answer as it went over the wire. */
export type Answer = { status: number; headers: Record<string, string>; body: Json; text: string };

export type WireRequest = {
  marketplace: string;
  path: string;
  parameters?: Record<string, string>;
  query?: string;
  headers?: Record<string, string>;
  body?: string;
  ip?: string;
};

/** Database trips that a request may cost: one for a read, two for a write that is decided between load and write. */
const budgetOf = (method: string) => (method === 'GET' ? 1 : 2);

/**
 * Hands a request to a Lambda as API Gateway does, payload format 2.0, and reads its answer.
 *
 * @throws Error when the request cost more trips to the database than its kind may: so every test of every use case asserts it
 */
export async function sendRequest(handler: Handler<HttpContract>, request: WireRequest): Promise<Answer> {
  const { method } = handler.contract;
  const { marketplace, path, query, body, ip = '127.0.0.1' } = request;
  const routeKey = `${method} ${handler.contract.path}`;
  const rawPath = `/${marketplace}${path}`;
  const requestId = randomUUID();
  const event = {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString: query ?? '',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...request.headers },
    ...(query ? { queryStringParameters: readQuery(query) } : {}),
    pathParameters: request.parameters ?? {},
    requestContext: {
      stage: marketplace,
      requestId,
      routeKey,
      http: { method, path: rawPath, protocol: 'HTTP/1.1', sourceIp: ip, userAgent: 'vitest' },
    },
    body,
    isBase64Encoded: false,
  };
  const answer = read((await handler(event, contextOf(routeKey))) as LambdaAnswer);
  const { trips = 0 } = logOfRequest(requestId) ?? {};
  if (trips > budgetOf(method)) throw new Error(`${routeKey} made ${trips} trips to the database.`);
  return answer;
}

type LambdaAnswer = { statusCode: number; headers: Record<string, string>; body?: string };

/** API Gateway joins the values of a repeated name with commas. */
function readQuery(query: string): Record<string, string> {
  const values = new URLSearchParams(query);
  return Object.fromEntries([...new Set(values.keys())].map(name => [name, values.getAll(name).join(',')]));
}

function read({ statusCode, headers, body = '' }: LambdaAnswer): Answer {
  const json = /json/.test(headers['content-type'] ?? '');
  return { status: statusCode, headers, body: json ? JSON.parse(body) : undefined, text: body };
}
