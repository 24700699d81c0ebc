import { createHash } from 'node:crypto';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { common, Refusal } from './refusal.ts';
import type { Request } from './request.ts';
import type { CachePolicy, HttpContract } from './use-case.ts';

export type Answer = APIGatewayProxyStructuredResultV2 & { headers: Record<string, string> };

/** What a use case whose contract is `raw` returns instead of JSON. */
export type RawAnswer = {
  body: string;
  content_type: string;
  is_base64?: boolean;
  headers?: Record<string, string>;
};

const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
  'referrer-policy': 'no-referrer',
};

/** The answer of a use case: its status, its body as JSON, and what may be kept of it for how long. */
export function answerWith(
  output: unknown,
  contract: HttpContract,
  request: Request,
  replayed: boolean,
): Answer {
  const raw = contract.raw ? (output as RawAnswer) : undefined;
  const headers: Record<string, string> = {
    ...SECURITY_HEADERS,
    'cache-control': cacheControl(contract.cache),
    ...(contract.cache?.scope === 'public' ? {} : { vary: 'Authorization' }),
    ...(replayed ? { 'idempotency-replayed': 'true' } : {}),
    ...raw?.headers,
  };
  if (contract.status === 204) return { statusCode: 204, headers };
  const body = raw?.body ?? JSON.stringify(output);
  if (contract.cache) {
    headers.etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
    if (matches(request.headers['if-none-match'], headers.etag)) return { statusCode: 304, headers };
  }
  headers['content-type'] = raw?.content_type ?? 'application/json';
  return { statusCode: contract.status, headers, body, isBase64Encoded: raw?.is_base64 ?? false };
}

function cacheControl(policy: CachePolicy | undefined): string {
  return policy ? `${policy.scope}, max-age=${policy.max_age}` : 'no-store';
}

/** Weak comparison, as RFC 9110 asks of If-None-Match. */
function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some(tag => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}

/** The problem document (RFC 9457) of an error. Below 500 the client is told; anything else is masked. */
export function problemOf(error: unknown, requestId: string): Answer {
  const refusal = error instanceof Refusal ? error : new Refusal(common.internal_error);
  return {
    statusCode: refusal.status,
    headers: {
      ...SECURITY_HEADERS,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      ...refusal.headers,
    },
    body: JSON.stringify({
      type: `urn:vicinity:problem:${refusal.code}`,
      title: refusal.message,
      status: refusal.status,
      code: refusal.code,
      request_id: requestId,
      ...refusal.facts,
      ...(refusal.errors.length > 0 ? { errors: refusal.errors } : {}),
    }),
  };
}
