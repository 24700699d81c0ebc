import { environment } from './environment.ts';
import { ownSigner, signForm, signUrl, type UrlRequest } from './sign-s3.ts';

/**
 * Files in the private bucket. What somebody posts lands under `incoming/`, where a form can be used again until it expires, and
 * is looked at only after it was moved under `stored/`, where no form reaches. Needs 'uploads', or 'stored-files' to make URLs
 * only.
 */

/** Seconds for which a form takes its file. */
export const FORM_SECONDS = 900;

/** Seconds for which a URL shows its file. */
export const URL_SECONDS = 300;

/** The key of a stored object in the bucket UPLOADS_BUCKET, for services that read it there. */
export const storedKey = (name: string) => `stored/${name}`;
const incomingKey = (name: string) => `incoming/${name}`;

/** The bucket's own address; the SDK's variables name another endpoint, which takes the bucket as a path. */
function bucketUrl(): string {
  const bucket = environment('UPLOADS_BUCKET');
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  return endpoint
    ? `${endpoint}/${bucket}`
    : `https://${bucket}.s3.${environment('AWS_REGION')}.amazonaws.com`;
}

const objectUrl = (key: string) => new URL(`${bucketUrl()}/${key}`);

/** A form that takes one file of exactly this type and size, which S3 enforces. */
export function fileForm(file: { name: string; content_type: string; size: number; now: Date }) {
  const fields = { key: incomingKey(file.name), 'Content-Type': file.content_type };
  const conditions = [
    { bucket: environment('UPLOADS_BUCKET') },
    ['content-length-range', file.size, file.size],
  ];
  return {
    url: `${bucketUrl()}/`,
    fields: signForm({ fields, conditions, now: file.now, seconds: FORM_SECONDS }, ownSigner()),
    expires_in: FORM_SECONDS,
  };
}

/** A URL that shows a stored file to whoever has it, for five minutes. */
export const fileUrl = (name: string, now: Date): string =>
  signUrl({ method: 'GET', url: objectUrl(storedKey(name)), now, seconds: URL_SECONDS }, ownSigner());

/** Moves what was posted to where nobody can post. Nothing happens when nothing was, or when it was moved before. */
export async function storeFile(name: string): Promise<void> {
  const source = `/${environment('UPLOADS_BUCKET')}/${incomingKey(name)}`;
  const copied = await ask('PUT', storedKey(name), { 'x-amz-copy-source': source });
  if (copied.status === 404) return;
  // S3 may begin to answer 200 and fail after that.
  if ((await copied.text()).includes('<Error>')) throw new Error('S3 failed to copy an object.');
  await ask('DELETE', incomingKey(name));
}

/** The first bytes of a stored file and its size in bytes, or null when there is none. */
export async function readStart(
  name: string,
  bytes: number,
): Promise<{ start: Buffer; size: number } | null> {
  const answer = await ask('GET', storedKey(name), {}, { range: `bytes=0-${bytes - 1}` });
  if (answer.status === 404) return null;
  const size = answer.headers.get('content-range')?.split('/')[1] ?? answer.headers.get('content-length');
  return { start: Buffer.from(await answer.arrayBuffer()), size: Number(size) };
}

/** Stores a text that the system has written. Needs 'uploads'. */
export async function storeText(name: string, text: string, contentType: string): Promise<void> {
  await ask('PUT', storedKey(name), {}, { 'content-type': contentType }, text);
}

/** Deletes a file wherever it lies. Nothing happens where there is none. */
export async function eraseFile(name: string): Promise<void> {
  await Promise.all([ask('DELETE', storedKey(name)), ask('DELETE', incomingKey(name))]);
}

/** Deletes a stored file. Nothing happens where there is none. */
export async function deleteFile(name: string): Promise<void> {
  await ask('DELETE', storedKey(name));
}

/** One request to the bucket, tried once more when S3 is busy. Answers 2xx or 404, throws on the rest. */
async function ask(
  method: UrlRequest['method'],
  key: string,
  signed: Record<string, string> = {},
  unsigned: Record<string, string> = {},
  body?: string,
): Promise<Response> {
  for (let attempt = 1; ; attempt += 1) {
    const url = signUrl(
      { method, url: objectUrl(key), headers: signed, now: new Date(), seconds: 60 },
      ownSigner(),
    );
    const headers = { ...signed, ...unsigned };
    const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(5_000) });
    if (answer.ok || answer.status === 404) return answer;
    const reason = /<Code>(\w+)/.exec(await answer.text())?.[1] ?? answer.status;
    if (answer.status < 500 || attempt === 2) throw new Error(`S3 answered ${reason} to ${method} ${key}.`);
  }
}
