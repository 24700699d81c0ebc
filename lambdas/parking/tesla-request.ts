import { request as requestInTheClear } from 'node:http';
import { request as requestOverTls } from 'node:https';
import { text } from 'node:stream/consumers';

type TeslaAnswer = { status: number; text: string; headers: Readonly<Record<string, unknown>> };

/**
 * Sends one request. Not with `fetch`: that takes a 421, with which Tesla names another region, for a reason to send the same request
 * again by itself, and fails where it has a body. Rejects when there is no answer within `patience` milliseconds.
 */
export function sendRequest(
  url: string,
  { method, token, body, patience }: { method: string; token: string; body?: unknown; patience: number },
): Promise<TeslaAnswer> {
  const payload = method === 'POST' ? JSON.stringify(body ?? {}) : '';
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    ...(payload === '' ? {} : { 'content-length': Buffer.byteLength(payload) }),
  };
  const send = url.startsWith('https:') ? requestOverTls : requestInTheClear;
  return new Promise((resolve, reject) => {
    send(url, { method, headers, signal: AbortSignal.timeout(patience) }, answer => {
      text(answer).then(
        read => resolve({ status: answer.statusCode ?? 0, text: read, headers: answer.headers }),
        reject,
      );
    })
      .on('error', reject)
      .end(payload);
  });
}
