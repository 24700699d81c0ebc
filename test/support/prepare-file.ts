import { afterEach, beforeEach, inject, vi } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { startCounting } from './clock.ts';
import { asOwner } from './database.ts';
import { keepLog } from './logs.ts';

Object.assign(process.env, inject('environment'));

// What earlier files told is not carried by this one's deliveries.
await asOwner(sql`update app.outbox set sent_at = app.now() where sent_at is null returning 1`);

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

beforeEach(startCounting);

afterEach(async () => {
  const wasMoved = vi.isFakeTimers();
  vi.useRealTimers();
  // What somebody has drawn in the future would keep them waiting for it in the next test.
  if (wasMoved) {
    await asOwner(
      sql`delete from app.rate_limits where bucket like 'changes:%' and full_at > now() + interval '1 hour' returning 1`,
    );
  }
});
