import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AppClock } from '../app-clock.ts';
import type { LambdaFunction } from '../functions/lambda-function.ts';
import { buildEvent } from './build-event.ts';
import { corsHeaders, isPreflight, preflightHeaders } from './cors.ts';
import { matchRoute } from './match-route.ts';
import { type GatewayResponse, gatewayMessage, readAnswer } from './read-answer.ts';
import type { Api, Integration, Stage } from './read-api.ts';
import { createThrottle } from './throttle.ts';

/** API Gateway's limit of a request's body, and Lambda's of the event that it becomes. */
const bodyLimit = 10 * 1024 * 1024;
const eventLimit = 6 * 1024 * 1024;

export type GatewayHost = {
  apis: readonly Api[];
  functionOf(arn: string): LambdaFunction | undefined;
  clock: AppClock;
  /** Told about each answered request. */
  onRequest?: (line: string) => void;
};

export type Gateway = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * The HTTP API of the templates. What goes wrong behind it is told as API Gateway tells it: 500 for a function that
 * throws, times out or dies, 503 for one that is slower than the integration's timeout, 429 above a stage's throttle.
 */
export function createGateway(host: GatewayHost): Gateway {
  const throttles = new Map<string, () => boolean>();

  function admitted(api: Api, stage: Stage, routeKey: string): boolean {
    const limit = stage.routeLimits.get(routeKey) ?? stage.limit;
    if (!limit) return true;
    const key = `${api.id} ${stage.name} ${routeKey}`;
    const throttle = throttles.get(key) ?? createThrottle(limit);
    throttles.set(key, throttle);
    return throttle();
  }

  async function call(integration: Integration, event: Record<string, unknown>): Promise<GatewayResponse> {
    const target = host.functionOf(integration.functionArn);
    if (!target || !integration.permitted) return gatewayMessage(500, 'Internal Server Error');
    if (JSON.stringify(event).length > eventLimit) return gatewayMessage(413, 'Request Entity Too Large');
    const late = Promise.withResolvers<GatewayResponse>();
    const timer = setTimeout(
      () => late.resolve(gatewayMessage(503, 'Service Unavailable')),
      integration.timeout,
    );
    const outcome = target
      .invoke(event)
      .then(result =>
        result.ok ? readAnswer(result.payload) : gatewayMessage(500, 'Internal Server Error'),
      );
    return Promise.race([outcome, late.promise]).finally(() => clearTimeout(timer));
  }

  async function answer(request: IncomingMessage, requestId: string): Promise<GatewayResponse> {
    const [path = '/', query = ''] = splitOnce(request.url ?? '/', '?');
    const [, first = '', rest] = /^\/([^/]*)(.*)$/.exec(path) ?? [];
    const named = find(host.apis, first);
    const [api, stage] = named ?? find(host.apis, '$default') ?? [];
    if (!api || !stage) return gatewayMessage(404, 'Not Found');
    if (api.cors && isPreflight(request.method, request.headers))
      return {
        status: 204,
        headers: preflightHeaders(api.cors, request.headers),
        cookies: [],
        body: Buffer.alloc(0),
      };

    let decoded: string;
    let matched: ReturnType<typeof matchRoute<Integration>>;
    try {
      decoded = decodeURIComponent(path);
      matched = matchRoute(api.routes, request.method ?? 'GET', named ? rest || '/' : path);
    } catch {
      // A percent sign that begins no character.
      return gatewayMessage(400, 'Bad Request');
    }
    if (!matched) return gatewayMessage(404, 'Not Found');
    const { route, pathParameters } = matched;
    if (!admitted(api, stage, route.key)) return gatewayMessage(429, 'Too Many Requests');
    const body = await readBody(request);
    if (!body) return gatewayMessage(413, 'Request Entity Too Large');
    const event = buildEvent(
      {
        request,
        path: decoded,
        query,
        stage: stage.name,
        apiId: api.id,
        routeKey: route.key,
        pathParameters,
        body,
        requestId,
      },
      host.clock.now(),
    );
    const response = await call(route.target, event);
    if (api.cors) {
      for (const name of Object.keys(response.headers))
        if (name.startsWith('access-control-')) delete response.headers[name];
      Object.assign(response.headers, corsHeaders(api.cors, request.headers));
    }
    return response;
  }

  return async (request, response) => {
    const started = performance.now();
    // Like API Gateway's own ids: short, and safe in a header.
    const requestId = `${randomBytes(11).toString('base64url')}=`;
    const { status, headers, cookies, body } = await answer(request, requestId);
    response.writeHead(status, {
      ...headers,
      ...(cookies.length > 0 && { 'set-cookie': cookies }),
      'apigw-requestid': requestId,
      'content-length': body.length,
    });
    response.end(body);
    host.onRequest?.(
      `${request.method} ${request.url} ${status} ${Math.round(performance.now() - started)} ms`,
    );
  };
}

function find(apis: readonly Api[], stageName: string): [Api, Stage] | undefined {
  for (const api of apis) {
    const stage = api.stages.get(stageName);
    if (stage) return [api, stage];
  }
  return undefined;
}

function splitOnce(value: string, separator: string): [string, string] {
  const at = value.indexOf(separator);
  return at < 0 ? [value, ''] : [value.slice(0, at), value.slice(at + 1)];
}

/** The whole body, or undefined when it is larger than the gateway takes. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
  }
  return size <= bodyLimit ? Buffer.concat(chunks) : undefined;
}
