import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import type { Contract, Handler } from '../../lambdas/kernel/use-case.ts';
import { type Entry, readCatalogue } from '../../lib/catalogue.ts';

const ROOT = join(import.meta.dirname, '../..');

let catalogue: Promise<Entry[]> | undefined;

/** Every Lambda of the application, read once. */
export function entries(): Promise<Entry[]> {
  catalogue ??= readCatalogue(ROOT);
  return catalogue;
}

/** As much of Lambda's context as the handlers and middy read. */
export const contextOf = (name: string) => ({
  functionName: name,
  awsRequestId: randomUUID(),
  getRemainingTimeInMillis: () => 29_000,
});

/** Imports the handler of a Lambda from its source. */
export async function handlerOf(entry: Entry): Promise<Handler> {
  const { handler } = await import(pathToFileURL(entry.file).href);
  return handler;
}

let workers = 0;

/** The environment is the process's, so the last of several that run at once gives the api role back. */
async function asWorker<T>(work: () => Promise<T>): Promise<T> {
  workers += 1;
  process.env.DATABASE_SECRET_ARN = inject('workerSecretArn');
  try {
    return await work();
  } finally {
    workers -= 1;
    if (workers === 0) process.env.DATABASE_SECRET_ARN = inject('environment').DATABASE_SECRET_ARN;
  }
}

/** Runs a queue's or a schedule's Lambda with the worker's rights. */
export async function runAsWorker(
  kind: Exclude<Contract['kind'], 'http'>,
  name: string,
  event: unknown,
): Promise<unknown> {
  const entry = (await entries()).find(
    ({ contract }) =>
      contract.kind === kind &&
      name === (contract.kind === 'queue' ? contract.queue : contract.kind === 'schedule' && contract.name),
  );
  if (!entry) throw new Error(`There is no ${kind} ${name}.`);
  const handler = await handlerOf(entry);
  return asWorker(() => handler(event, contextOf(entry.name)));
}

/** Runs a schedule once, now. */
export const runSchedule = (name: string, input: Record<string, unknown> = {}) =>
  runAsWorker('schedule', name, input);
