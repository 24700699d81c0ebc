import { describe, expect, onTestFinished, test } from 'vitest';
import { createAppClock } from '../../local/app-clock.ts';
import type { Outcome } from '../../local/functions/environment.ts';
import { invokeAsynchronously } from '../../local/sources/invoke-asynchronously.ts';
import { runSchedules, type Schedule } from '../../local/sources/run-schedules.ts';
import { makeFunction } from './fixtures/lambda.ts';

function setUp(expression: string, more: Partial<Schedule> = {}) {
  const clock = createAppClock();
  const runs: string[] = [];
  const schedule: Schedule = {
    name: 'sweep',
    expression,
    timeZone: 'UTC',
    enabled: true,
    input: {},
    functionName: 'sweep-timers',
    async run(): Promise<Outcome> {
      runs.push(clock.now().toISOString());
      return { ok: true, payload: '{"swept":1}' };
    },
    ...more,
  };
  const schedules = runSchedules([schedule], clock);
  onTestFinished(() => schedules.close());
  return { clock, runs, schedules };
}

describe('a schedule', () => {
  test('that came due many times while the clock was moved runs once', () => {
    const { clock, runs } = setUp('rate(1 minute)');
    expect(runs).toHaveLength(0);
    clock.advance(3600);
    expect(runs).toHaveLength(1);
    clock.advance(30);
    expect(runs).toHaveLength(1);
    clock.advance(31);
    expect(runs).toHaveLength(2);
  });

  test('runs when its time comes without anybody moving the clock', async () => {
    const ran = Promise.withResolvers<void>();
    const { clock } = setUp('rate(1 minute)', {
      async run() {
        ran.resolve();
        return { ok: true, payload: 'null' };
      },
    });
    // A moment before it is due; the rest passes by itself.
    clock.advance(59.8);
    await ran.promise;
  });

  test('that is disabled runs only by hand, and tells how it went', async () => {
    const { clock, runs, schedules } = setUp('rate(1 minute)', { enabled: false });
    clock.advance(3600);
    expect(runs).toHaveLength(0);
    expect(await schedules.run('sweep')).toEqual({ ok: true, payload: '{"swept":1}' });
    expect(await schedules.run('another')).toBeUndefined();
    expect(schedules.list()).toMatchObject([{ name: 'sweep', next_run_at: null, last_status: 'succeeded' }]);
  });
});

describe('an asynchronous invocation', () => {
  test('is repeated as often as the template says', async () => {
    const { lambda, faults } = makeFunction('echo', { asyncRetries: 2 });
    faults.add({ kind: 'fail', function: 'echo', times: 2 });
    const outcome = await invokeAsynchronously(lambda, { a: 1 }, async () => expect.unreachable());
    expect(outcome).toMatchObject({ ok: true, payload: '{"a":1}' });
  });

  test('that fails for good goes to the dead-letter queue with the reason', async () => {
    const { lambda } = makeFunction('throws', { asyncRetries: 0, deadLetterArn: 'the-queue' });
    const sent: unknown[] = [];
    await invokeAsynchronously(lambda, { a: 1 }, async (_, queue, body, attributes) => {
      sent.push({ queue, body, attributes });
    });
    expect(sent).toEqual([
      {
        queue: 'the-queue',
        body: '{"a":1}',
        attributes: { ErrorCode: '200', ErrorMessage: 'The handler is broken.' },
      },
    ]);
  });
});
