import { afterEach, inject, vi } from 'vitest';

Object.assign(process.env, inject('environment'));

// A Lambda's log lines are its own business; a test that cares spies on them.
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = ((chunk: string | Uint8Array, ...rest: never[]) =>
  typeof chunk === 'string' && chunk.startsWith('{"level"')
    ? true
    : write(chunk, ...rest)) as typeof process.stdout.write;

afterEach(() => {
  vi.useRealTimers();
});
