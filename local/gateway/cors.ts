import type { IncomingHttpHeaders } from 'node:http';

/** The `CorsConfiguration` of an HTTP API. */
export type Cors = {
  origins: string[];
  methods: string[];
  headers: string[];
  exposed: string[];
  maxAge?: number;
  credentials: boolean;
};

/**
 * The CORS headers of an answer. With a configuration the gateway's headers take the place of the Lambda's own, and
 * an origin that is not allowed gets none.
 */
export function corsHeaders(cors: Cors, request: IncomingHttpHeaders): Record<string, string> {
  const origin = request.origin;
  if (!origin) return {};
  const allowed = cors.origins.some(pattern => originMatches(pattern, origin));
  if (!allowed) return {};
  return {
    'access-control-allow-origin': cors.origins.includes('*') ? '*' : origin,
    ...(!cors.origins.includes('*') && { vary: 'Origin' }),
    ...(cors.credentials && { 'access-control-allow-credentials': 'true' }),
    ...(cors.exposed.length > 0 && { 'access-control-expose-headers': cors.exposed.join(',') }),
  };
}

/** True for the question a browser asks before a request; the gateway answers it itself, with 204. */
export function isPreflight(method: string | undefined, headers: IncomingHttpHeaders): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}

/** The headers of the answer to a preflight: those of every answer, and what the request itself may hold. */
export function preflightHeaders(cors: Cors, request: IncomingHttpHeaders): Record<string, string> {
  const base = corsHeaders(cors, request);
  if (!base['access-control-allow-origin']) return {};
  return {
    ...base,
    ...(cors.methods.length > 0 && { 'access-control-allow-methods': cors.methods.join(',') }),
    ...(cors.headers.length > 0 && { 'access-control-allow-headers': cors.headers.join(',') }),
    ...(cors.maxAge !== undefined && { 'access-control-max-age': String(cors.maxAge) }),
  };
}

function originMatches(pattern: string, origin: string): boolean {
  if (pattern === '*' || pattern === origin) return true;
  // `https://*` allows every host of a scheme.
  return pattern.endsWith('://*') && origin.startsWith(pattern.slice(0, -1));
}
