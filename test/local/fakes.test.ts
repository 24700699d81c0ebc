import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { type Fake, listen } from '../../local/fakes/fake.ts';
import { type Fakes, startFakes } from '../../local/fakes/fakes.ts';
import type { FunctionDefinition } from '../../local/functions/definition.ts';

let fakes: Fakes;

afterEach(() => fakes.close());

const REAL = 'https://api.provider.example/v1';

/** A provider that answers every request with its path. */
async function startProvider(): Promise<Fake> {
  const { url, close } = await listen(createServer((request, response) => response.end(request.url)));
  return { urls: { [REAL]: url }, secrets: { 'Credentials of the provider': { key: 'local' } }, close };
}

const definition = (variables: Record<string, string>): FunctionDefinition => ({
  name: 'call-provider',
  arn: 'arn:aws:lambda:us-east-1:000000000000:function:call-provider',
  folder: '/',
  handler: 'index.handler',
  memory: 128,
  timeout: 3,
  logGroup: '/aws/lambda/call-provider',
  statements: [],
  asyncRetries: 0,
  variables: () => variables,
});

test('a variable that names a provider names its stand-in, which answers', async () => {
  fakes = await startFakes([startProvider]);
  const { PROVIDER_URL = '' } = fakes.standIn(definition({ PROVIDER_URL: `${REAL}/tokens` })).variables();
  expect(PROVIDER_URL).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/tokens$/);
  expect(await (await fetch(PROVIDER_URL)).text()).toBe('/tokens');
});

test('a variable that only resembles a provider’s address stays as it is', async () => {
  fakes = await startFakes([startProvider]);
  const variables = {
    OTHER_HOST: 'https://api.provider.example.org/v1',
    OTHER_VERSION: `${REAL}0`,
    NAME: 'Vicinity',
  };
  expect(fakes.standIn(definition(variables)).variables()).toEqual(variables);
});

test('a secret of a provider holds the stand-in’s credentials, and no other secret does', async () => {
  fakes = await startFakes([startProvider]);
  expect(fakes.secretOf('Credentials of the provider')).toEqual({ key: 'local' });
  expect(fakes.secretOf('Vicinity: database role vicinity_api')).toBeUndefined();
});

test('providers that have webhooks are told where to, each its own', async () => {
  const told: string[] = [];
  const startTelling = async (): Promise<Fake> => {
    const server = createServer(async (request, response) => {
      told.push(await text(request));
      response.end('{}');
    });
    const { url, close } = await listen(server);
    return { urls: {}, secrets: {}, webhooks: { name: 'payer', control: url }, close };
  };
  fakes = await startFakes([startProvider, startTelling]);
  await fakes.sendWebhooksTo(provider => `http://localhost/{marketplace}/${provider}`);
  expect(told).toEqual(['{"url":"http://localhost/{marketplace}/payer"}']);
});

test('a payment provider is told what the person did in its form', async () => {
  const startPaying = async (): Promise<Fake> => {
    const server = createServer(async (request, response) =>
      response.end(JSON.stringify({ path: request.url, did: JSON.parse(await text(request)) })),
    );
    const { url, close } = await listen(server);
    return { urls: {}, secrets: {}, webhooks: { name: 'payer', control: `${url}/_webhooks` }, close };
  };
  fakes = await startFakes([startProvider, startPaying]);
  const order = { reference: 'pi_1', outcome: 'succeed' };
  expect(await fakes.pay('payer', order)).toEqual({ status: 200, body: { path: '/_pay', did: order } });
  await expect(fakes.pay('provider', order)).rejects.toThrow('There is no payment provider provider.');
});

test('every provider of the application has a stand-in that starts', async () => {
  fakes = await startFakes();
});
