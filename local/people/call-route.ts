import { randomUUID } from 'node:crypto';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import { matchRoute } from '../gateway/match-route.ts';
import type { Api } from '../gateway/read-api.ts';

export type RouteRequest = {
  stage: string;
  method: string;
  path: string;
  body?: unknown;
  /** An access token. */
  token?: string;
  /** Limits are counted by address: who calls for many people calls from many. */
  ip: string;
};

export type RouteAnswer = { status: number; body: Record<string, unknown> };

/** Calls a route of the templates. */
export type CallRoute = (request: RouteRequest) => Promise<RouteAnswer>;

/** Calls routes without a socket, as the gateway would for clients at addresses of their own. */
export function createCallRoute(
  apis: readonly Api[],
  functionOf: (arn: string) => LambdaFunction | undefined,
): CallRoute {
  return async ({ stage, method, path, body, token, ip }) => {
    const api = apis.find(({ stages }) => stages.has(stage));
    const matched = matchRoute(api?.routes ?? [], method, path);
    const target = matched && functionOf(matched.route.target.functionArn);
    if (!matched || !target) throw new Error(`No route takes ${method} /${stage}${path}.`);
    const { route, pathParameters } = matched;
    const outcome = await target.invoke({
      version: '2.0',
      routeKey: route.key,
      rawPath: `/${stage}${path}`,
      rawQueryString: '',
      headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
      pathParameters,
      requestContext: {
        stage,
        requestId: randomUUID(),
        routeKey: route.key,
        http: {
          method,
          path: `/${stage}${path}`,
          protocol: 'HTTP/1.1',
          sourceIp: ip,
          userAgent: 'Vicinity start',
        },
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      isBase64Encoded: false,
    });
    if (!outcome.ok) throw new Error(`${route.key} failed: ${outcome.error.errorMessage}`);
    const answer = JSON.parse(outcome.payload) as { statusCode: number; body?: string };
    return { status: answer.statusCode, body: answer.body ? JSON.parse(answer.body) : {} };
  };
}
