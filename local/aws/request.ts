import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import { AwsError } from './answer.ts';

/** A call of an AWS client, read whole. */
export type AwsRequest = {
  method: string;
  /** The path without the query, as it was sent: not decoded. */
  path: string;
  query: URLSearchParams;
  /** Path and query, as they were sent. */
  url: string;
  headers: Record<string, string>;
  body: Buffer;
  /** The service in the signature's scope: rds-data, sqs, events … */
  service: string;
  accessKeyId: string;
  /** What follows the dot in X-Amz-Target; '' for protocols that have none. */
  operation: string;
};

/** Reads a request to its end and recognises its service and its caller. Signatures are not verified. */
export async function readRequest(message: IncomingMessage): Promise<AwsRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const sent = message.url ?? '/';
  const url = new URL(sent, 'http://localhost');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(message.headers)) headers[name] = String(value);
  return {
    method: message.method ?? 'GET',
    path: sent.replace(/\?.*$/s, ''),
    query: url.searchParams,
    url: sent,
    headers,
    body,
    operation: headers['x-amz-target']?.split('.').at(-1) ?? '',
    ...readCredential(headers.authorization, url.searchParams, body),
  };
}

/**
 * The scope of a SigV4 credential, `<key id>/<date>/<region>/<service>/aws4_request`: it stands in the header, in a
 * presigned URL's query, or in a presigned form's field. A request without one can only be S3's anonymous kind.
 */
function readCredential(
  authorization: string | undefined,
  query: URLSearchParams,
  body: Buffer,
): { service: string; accessKeyId: string } {
  const scope =
    authorization?.match(/Credential=([^,\s]+)/)?.[1] ??
    query.get('X-Amz-Credential') ??
    body.toString('latin1', 0, 16_384).match(/name="x-amz-credential"\s+([^\s]+)/i)?.[1];
  const parts = scope?.split('/') ?? [];
  return { accessKeyId: parts[0] ?? '', service: parts.at(-2) ?? 's3' };
}

/**
 * The JSON body of a call, an empty one being an empty object.
 *
 * @throws AwsError ValidationException where it is not what the operation takes
 */
export function parseBody<T extends z.ZodMiniType>(schema: T, request: AwsRequest): z.output<T> {
  const parsed = schema.safeParse(request.body.length ? JSON.parse(request.body.toString('utf8')) : {});
  if (parsed.success) return parsed.data;
  throw new AwsError('ValidationException', 400, z.prettifyError(parsed.error));
}
