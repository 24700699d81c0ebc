import { createHash, createHmac } from 'node:crypto';
import { environment } from './environment.ts';

/**
 * Signature Version 4 for S3, as URLs and as forms. The SDK's client of S3 would make a Lambda half as large again for what
 * is two hashes.
 */

/** Who signs, and where. */
export type Signer = { keyId: string; secret: string; sessionToken: string | undefined; region: string };

/** The role of this Lambda. */
export const ownSigner = (): Signer => ({
  keyId: environment('AWS_ACCESS_KEY_ID'),
  secret: environment('AWS_SECRET_ACCESS_KEY'),
  sessionToken: process.env.AWS_SESSION_TOKEN,
  region: environment('AWS_REGION'),
});

export type UrlRequest = {
  method: 'GET' | 'PUT' | 'DELETE';
  url: URL;
  /** In lower case; whoever uses the URL must send them as they are. */
  headers?: Readonly<Record<string, string>>;
  now: Date;
  seconds: number;
};

/**
 * A URL that does one thing for a while, for whoever has it. Source: "Authenticating Requests: Using Query Parameters" in the
 * API reference of Amazon S3.
 */
export function signUrl(request: UrlRequest, signer: Signer): string {
  const { method, url, now, seconds } = request;
  const headers = Object.entries({ host: url.host, ...request.headers }).sort(byName);
  const signed = headers.map(([name]) => name).join(';');
  const date = basicDate(now);
  const query = Object.entries({
    ...Object.fromEntries(url.searchParams),
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${signer.keyId}/${scope(date, signer)}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(seconds),
    'X-Amz-SignedHeaders': signed,
    ...(signer.sessionToken ? { 'X-Amz-Security-Token': signer.sessionToken } : {}),
  })
    .sort(byName)
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');
  const canonical = [
    method,
    url.pathname,
    query,
    ...headers.map(([name, value]) => `${name}:${value}`),
    '',
    signed,
    'UNSIGNED-PAYLOAD',
  ].join('\n');
  const digest = createHash('sha256').update(canonical).digest('hex');
  const text = ['AWS4-HMAC-SHA256', date, scope(date, signer), digest].join('\n');
  return `${url.origin}${url.pathname}?${query}&X-Amz-Signature=${signText(text, date, signer)}`;
}

/**
 * The fields of a form that may be posted to a bucket until it expires, and then only as the conditions say. Source: "POST
 * Policy" in the same reference.
 */
export function signForm(
  form: { fields: Record<string, string>; conditions: readonly unknown[]; now: Date; seconds: number },
  signer: Signer,
): Record<string, string> {
  const date = basicDate(form.now);
  const fields: Record<string, string> = {
    ...form.fields,
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': `${signer.keyId}/${scope(date, signer)}`,
    'x-amz-date': date,
    ...(signer.sessionToken ? { 'x-amz-security-token': signer.sessionToken } : {}),
  };
  const policy = {
    expiration: new Date(form.now.getTime() + form.seconds * 1000).toISOString(),
    conditions: [...form.conditions, ...Object.entries(fields).map(([name, value]) => ({ [name]: value }))],
  };
  const encoded = Buffer.from(JSON.stringify(policy)).toString('base64');
  return { ...fields, policy: encoded, 'x-amz-signature': signText(encoded, date, signer) };
}

/** Signs a text with the day's key, in hex. */
export function signText(text: string, date: string, signer: Pick<Signer, 'secret' | 'region'>): string {
  const hmac = (key: string | Buffer, part: string) => createHmac('sha256', key).update(part).digest();
  const key = [date.slice(0, 8), signer.region, 's3', 'aws4_request'].reduce<string | Buffer>(
    hmac,
    `AWS4${signer.secret}`,
  );
  return hmac(key, text).toString('hex');
}

const scope = (date: string, { region }: Signer) => `${date.slice(0, 8)}/${region}/s3/aws4_request`;

/** `20261120T150000Z`. */
const basicDate = (moment: Date) => moment.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');

const byName = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);

/** As RFC 3986 has it, which is stricter than JavaScript. */
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    sign => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
