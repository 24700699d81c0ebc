import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { marketplaceOf } from '../../marketplaces/index.ts';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { common, Refusal, refuse } from './refusal.ts';
import type { HttpContract } from './use-case.ts';

const BODY_LIMIT = 1024 * 1024;
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** A request as the kernel sees it, whatever stage or domain it came through. */
export type Request = {
  id: string;
  marketplace: Marketplace;
  headers: Readonly<Record<string, string | undefined>>;
  path: Readonly<Record<string, string | undefined>>;
  query: Readonly<Record<string, string | undefined>>;
  /** As it was sent: signatures and fingerprints are of these characters. */
  body: string;
  ip: string;
  userAgent: string;
};

/**
 * Reads an event of API Gateway. The stage is the marketplace; `rawPath` is not used, since a custom domain changes it.
 * Throws not_found for a marketplace that has not switched on the route's module.
 */
export function readRequest(event: APIGatewayProxyEventV2, contract: HttpContract): Request {
  const { stage, http, requestId } = event.requestContext;
  const marketplace = marketplaceOf(stage);
  if (!marketplace || (contract.module && !marketplace.modules.includes(contract.module))) {
    throw new Refusal(common.not_found);
  }
  const body = event.isBase64Encoded
    ? Buffer.from(event.body ?? '', 'base64').toString()
    : (event.body ?? '');
  if (Buffer.byteLength(body) > (contract.body_limit ?? BODY_LIMIT))
    throw new Refusal(common.payload_too_large);
  return {
    id: requestId,
    marketplace,
    headers: event.headers,
    path: event.pathParameters ?? {},
    query: event.queryStringParameters ?? {},
    body,
    ip: http.sourceIp,
    userAgent: http.userAgent,
  };
}

/** The body as JSON. An absent body reads as an empty object, so that a route without fields needs none. */
export function readJson(request: Request): unknown {
  if (request.body === '') return {};
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type))
    throw new Refusal(common.unsupported_media_type);
  try {
    return JSON.parse(request.body);
  } catch (cause) {
    throw new Refusal(common.malformed_json, { cause });
  }
}

const invalidKey = refuse(
  'invalid_input',
  400,
  'An Idempotency-Key is 1 to 255 visible ASCII characters.',
  'Idempotency-Key',
);

/** The Idempotency-Key of a POST, if it carries one. */
export function readIdempotencyKey(request: Request, contract: HttpContract): string | undefined {
  const key = request.headers['idempotency-key'];
  if (key === undefined || contract.method !== 'POST' || contract.credentials) return undefined;
  if (!KEY_FORM.test(key)) throw new Refusal(invalidKey);
  return key;
}
