import { afterEach, inject, vi } from 'vitest';
import { keepLog } from './logs.ts';

Object.assign(process.env, inject('environment'));

// Lambdas write their log lines to standard output: they are kept for the tests that look at them, and not shown.
const write = process.stdout.write;
if (!write.name.startsWith('keeping')) {
  process.stdout.write = function keepingLogs(
    this: NodeJS.WriteStream,
    chunk: string | Uint8Array,
    ...rest: never[]
  ) {
    if (typeof chunk !== 'string' || !chunk.startsWith('{"level"')) return write.call(this, chunk, ...rest);
    keepLog(chunk);
    return true;
  } as typeof process.stdout.write;
}

afterEach(() => {
  vi.useRealTimers();
});
