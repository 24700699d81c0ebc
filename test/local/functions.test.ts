import { describe, expect, test, vi } from 'vitest';
import { createEnvironmentBudget } from '../../local/functions/environment-budget.ts';
import { makeFunction, payloadOf } from './fixtures/lambda.ts';

describe('an invocation', () => {
  test('hands the event over as JSON and answers what the handler answered', async () => {
    const { lambda } = makeFunction('echo');
    const outcome = await lambda.invoke({ at: new Date(0), nothing: undefined });
    expect(payloadOf(outcome)).toEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  test('that throws is told with the name and the message of what was thrown', async () => {
    const { lambda } = makeFunction('throws');
    const outcome = await lambda.invoke({});
    expect(outcome).toMatchObject({
      ok: false,
      error: { errorType: 'TypeError', errorMessage: 'The handler is broken.' },
    });
    expect(lambda.statistics()).toMatchObject({ invocations: 1, errors: 1 });
  });

  test('that throws outside of its promise ends its environment, and the next one gets a new one', async () => {
    const { lambda } = makeFunction('throwsLater');
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: { errorMessage: 'Nobody caught this.' },
    });
    expect(lambda.statistics()).toMatchObject({ running: 0, idle: 0 });
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: { errorMessage: 'Nobody caught this.' },
    });
  });

  test.each(['hangs', 'spins'])(
    'that %s past its timeout is stopped with its environment',
    async exported => {
      const { lambda } = makeFunction(exported, { timeout: 0.2 });
      const outcome = await lambda.invoke({});
      expect(outcome).toMatchObject({ ok: false, error: { errorType: 'Sandbox.Timedout' } });
      expect(JSON.stringify(outcome)).toContain('Task timed out after 0.20 seconds');
      expect(lambda.statistics()).toMatchObject({ running: 0, idle: 0 });
    },
  );

  test('whose process exits is told as a runtime that exited', async () => {
    const { lambda } = makeFunction('exits');
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: {
        errorType: 'Runtime.ExitError',
        errorMessage: 'Error: Runtime exited with error: exit status 3',
      },
    });
  });

  test('that needs more memory than the template gives is killed alone', async () => {
    const { lambda } = makeFunction('exhausts', { memory: 32, timeout: 30 });
    expect(await lambda.invoke({})).toMatchObject({ ok: false, error: { errorType: 'Runtime.OutOfMemory' } });
  });

  test('with an answer above 6 MB fails', async () => {
    const { lambda } = makeFunction('answersLarge');
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });

  test('of a handler that is not exported fails as the runtime does', async () => {
    const { lambda } = makeFunction('absent');
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: {
        errorType: 'Runtime.HandlerNotFound',
        errorMessage: 'index.absent is undefined or not exported',
      },
    });
  });
});

describe('an environment', () => {
  test('is used again for the next invocation', async () => {
    const { lambda } = makeFunction('identify');
    const first = payloadOf(await lambda.invoke({}));
    expect(payloadOf(await lambda.invoke({}))).toEqual(first);
  });

  test('serves one invocation at a time, and there are at most four', async () => {
    const { lambda } = makeFunction('identify');
    const outcomes = await Promise.all(Array.from({ length: 9 }, () => lambda.invoke({})));
    const threads = new Set(outcomes.map(outcome => JSON.stringify(payloadOf(outcome))));
    expect(threads.size).toBeLessThanOrEqual(4);
    expect(lambda.statistics()).toMatchObject({ invocations: 9, waiting: 0 });
  });

  test('that is idle ends when another function needs its room', async () => {
    const budget = createEnvironmentBudget(1);
    const first = makeFunction('echo', {}, budget).lambda;
    const second = makeFunction('identify', {}, budget).lambda;
    await first.invoke({});
    expect(first.statistics()).toMatchObject({ idle: 1 });
    await second.invoke({});
    expect(first.statistics()).toMatchObject({ running: 0, idle: 0 });
    expect(second.statistics()).toMatchObject({ idle: 1 });
    expect(await first.invoke({})).toMatchObject({ ok: true });
  });

  test('that ended while it was idle is replaced', async () => {
    const { lambda } = makeFunction('diesAfterwards');
    await lambda.invoke({});
    const environment = lambda.environment('diesAfterwards.0');
    await vi.waitFor(() => expect(environment?.alive()).toBe(false));
    expect(await lambda.invoke({})).toMatchObject({ ok: true, payload: '"done"' });
  });

  test('holds the template’s variables and the runtime’s, and nothing of this process', async () => {
    process.env.SECRET_OF_THE_HOST = 'visible only here';
    const { lambda } = makeFunction('environment');
    const variables = payloadOf(await lambda.invoke({})) as Record<string, string>;
    delete process.env.SECRET_OF_THE_HOST;
    expect(variables).toMatchObject({
      GREETING: 'hello',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'environment',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_ACCESS_KEY_ID: 'environment.0',
    });
    expect(variables).not.toHaveProperty('SECRET_OF_THE_HOST');
    expect(variables).not.toHaveProperty('HOME');
  });

  test('tells the handler who it is and how long it has', async () => {
    const { lambda } = makeFunction('context');
    const context = payloadOf(await lambda.invoke({})) as Record<string, unknown>;
    expect(context).toMatchObject({
      functionName: 'context',
      memoryLimitInMB: '128',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:context',
    });
    expect(context.remaining).toBeGreaterThan(4000);
    expect(context.remaining).toBeLessThanOrEqual(5000);
  });

  test('offers Node’s own modules and nothing that is missing from the bundle', async () => {
    const { lambda } = makeFunction('requires');
    expect(payloadOf(await lambda.invoke({ id: 'node:path' }))).toBeGreaterThan(0);
    expect(await lambda.invoke({ id: 'zod' })).toMatchObject({
      ok: false,
      error: { errorType: 'Runtime.ImportModuleError', errorMessage: "Cannot find module 'zod'" },
    });
  });

  test('lives in the time of the app clock', async () => {
    const { lambda, clock } = makeFunction('clock');
    await lambda.invoke({});
    clock.advance(86_400);
    const tomorrow = Date.now() + 86_400_000;
    const seen = payloadOf(await lambda.invoke({})) as Record<string, unknown>;
    expect(seen).toMatchObject({ fixed: 0, isDate: true });
    for (const moment of [seen.now, Date.parse(String(seen.made)), Date.parse(String(seen.text))]) {
      expect(Math.abs(Number(moment) - tomorrow)).toBeLessThan(5000);
    }
  });
});

describe('a fault', () => {
  test('fails as many invocations as it says, and then no more', async () => {
    const { lambda, faults } = makeFunction('echo');
    faults.add({ kind: 'fail', function: 'echo', times: 2 });
    const outcomes = [await lambda.invoke(1), await lambda.invoke(2), await lambda.invoke(3)];
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, false, true]);
  });

  test.each(['kill_before', 'kill_after'] as const)('of kind %s ends the environment', async kind => {
    const { lambda, faults } = makeFunction('identify');
    const first = payloadOf(await lambda.invoke({}));
    faults.add({ kind, function: 'identify', times: 1 });
    expect(await lambda.invoke({})).toMatchObject({
      ok: false,
      error: { errorMessage: 'Error: Runtime exited with error: signal: killed' },
    });
    expect(payloadOf(await lambda.invoke({}))).not.toEqual(first);
  });

  test('that delays past the timeout makes the invocation time out', async () => {
    const { lambda, faults } = makeFunction('echo', { timeout: 0.2 });
    faults.add({ kind: 'delay', function: 'echo', times: 1, seconds: 30 });
    expect(await lambda.invoke({})).toMatchObject({ ok: false, error: { errorType: 'Sandbox.Timedout' } });
  });

  test('of another function changes nothing', async () => {
    const { lambda, faults } = makeFunction('echo');
    faults.add({ kind: 'fail', function: 'another', times: 1 });
    expect(await lambda.invoke({})).toMatchObject({ ok: true });
  });
});
