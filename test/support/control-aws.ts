import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { inject } from 'vitest';
import type { Aws } from '../../local/aws/aws.ts';
import type { Fault } from '../../local/aws/faults.ts';
import type { Message } from '../../local/aws/messages.ts';
import type { QueueDepth } from '../../local/aws/queues/declare-queues.ts';

declare module 'vitest' {
  interface ProvidedContext {
    controlUrl: string;
  }
}

/** Lets the tests, which run in threads of their own, read the providers' messages and order faults. */
export async function serveControl(aws: Aws): Promise<{ url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') aws.faults.add((await json(request)) as Fault);
    if (request.method === 'DELETE') aws.faults.clear();
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    const to = searchParams.get('to');
    const shown =
      pathname === '/queues' ? await aws.queueDepths() : aws.messages.list().filter(it => it.to === to);
    response.end(JSON.stringify(shown));
  });
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

/** The names of the queues that hold a message, also one that somebody has received and not deleted. */
export async function filledQueues(): Promise<Set<string>> {
  const answer = await fetch(`${inject('controlUrl')}queues`);
  const depths = (await answer.json()) as QueueDepth[];
  return new Set(depths.filter(it => it.ready + it.delayed + it.inFlight > 0).map(({ name }) => name));
}

/** What reached a provider for this number, address or endpoint, newest first. */
export async function messagesTo(to: string): Promise<Message[]> {
  const answer = await fetch(`${inject('controlUrl')}?${new URLSearchParams({ to })}`);
  return (await answer.json()) as Message[];
}

/** Makes the next call of an action fail with this error, before anything is done. */
export const failNext = (action: string, error: string, times = 1): Promise<void> =>
  orderAws({ action, kind: 'fail', error, times });

/** Orders what goes wrong at the endpoint: a `lose` is what a caller sees that dies of the answer. */
export async function orderAws(fault: Fault): Promise<void> {
  await fetch(inject('controlUrl'), { method: 'POST', body: JSON.stringify(fault) });
}

/** Takes back what was ordered and has not happened. */
export async function clearAws(): Promise<void> {
  await fetch(inject('controlUrl'), { method: 'DELETE' });
}
