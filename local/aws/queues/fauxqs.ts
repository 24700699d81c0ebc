import { buildApp } from 'fauxqs';
import { accountId, arnOf, localAdmin, region } from '../account.ts';
import type { Answer } from '../answer.ts';
import type { AwsRequest } from '../request.ts';

/** SQS, SNS and S3 as one embedded server that is never given a port of its own. State is in memory. */
export type Fauxqs = {
  pass(request: Pick<AwsRequest, 'method' | 'url' | 'headers' | 'body'>): Promise<Answer>;
  /** An SQS operation of our own. */
  sqs(operation: string, input: unknown): Promise<void>;
  /** An SNS operation of our own. */
  sns(operation: string, input: Record<string, string>): Promise<void>;
  queues(): Promise<QueueCount[]>;
  close(): Promise<void>;
};

export type QueueCount = {
  name: string;
  approximateMessageCount: number;
  approximateInflightCount: number;
  approximateDelayedCount: number;
};

const authorization = (service: string) =>
  `AWS4-HMAC-SHA256 Credential=${localAdmin}/20260101/${region}/${service}/aws4_request`;

/** Headers that are about the connection to us and not about the call. */
const ofConnection = new Set(['connection', 'transfer-encoding', 'content-length', 'expect', 'keep-alive']);

/** Starts the server inside this process. `inject` hands it requests without a socket. */
export async function startFauxqsInside(): Promise<Fauxqs> {
  const app = buildApp({ logger: false, defaultRegion: region });
  await app.ready();

  const pass: Fauxqs['pass'] = async ({ method, url, headers, body }) => {
    const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => !ofConnection.has(name)));
    const verb = methodOf(method);
    const payload = body.length || verb === 'PUT' || verb === 'POST' ? body : undefined;
    const response = await app.inject({ method: verb, url, headers: kept, payload });
    const answered: Record<string, string> = {};
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined && !ofConnection.has(name)) answered[name] = String(value);
    }
    return { status: response.statusCode, headers: answered, body: response.rawPayload };
  };

  async function call(service: string, headers: Record<string, string>, body: string): Promise<void> {
    const answer = await pass({
      method: 'POST',
      url: '/',
      headers: { ...headers, authorization: authorization(service) },
      body: Buffer.from(body),
    });
    if (answer.status >= 400) throw new Error(`The local ${service} refused: ${answer.body}`);
  }

  return {
    pass,
    sqs: (operation, input) =>
      call(
        'sqs',
        { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `AmazonSQS.${operation}` },
        JSON.stringify(input),
      ),
    sns: (operation, input) =>
      call(
        'sns',
        { 'content-type': 'application/x-www-form-urlencoded' },
        new URLSearchParams({ Action: operation, ...input }).toString(),
      ),
    async queues() {
      const response = await app.inject({ method: 'GET', url: '/_fauxqs/queues' });
      return response.json<QueueCount[]>();
    },
    close: () => app.close(),
  };
}

type Verb = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'OPTIONS';
const verbs: readonly Verb[] = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'OPTIONS'];
const methodOf = (method: string): Verb => verbs.find(verb => verb === method) ?? 'GET';

/** `http://127.0.0.1:4000/000000000000/relay` → the queue's ARN. */
export const queueArnOf = (url: string): string =>
  arnOf('sqs', url.replace(/\/+$/, '').split('/').at(-1) ?? '');

/** `127.0.0.1:4000` and `relay` → the queue's URL. */
export const queueUrlOf = (host: string, name: string): string => `http://${host}/${accountId}/${name}`;
