import { randomUUID } from 'node:crypto';
import type { FunctionDefinition } from './definition.ts';
import { type Environment, type EnvironmentHost, type Outcome, startEnvironment } from './environment.ts';
import type { EnvironmentBudget } from './environment-budget.ts';
import type { FunctionFaults } from './function-faults.ts';

/** Environments that one function may have at once: this machine has two cores where AWS has a thousand. */
export const maxEnvironments = 4;
/** An idle environment is stopped after this, so that the memory of functions at rest is given back. */
const idleLimit = 8_000;
/** Lambda's limit of a synchronous event and of its answer. */
const payloadLimit = 6 * 1024 * 1024;

export type FunctionStatistics = {
  invocations: number;
  errors: number;
  trips: number;
  max_trips: number;
  running: number;
  idle: number;
  waiting: number;
};

export type LambdaFunction = {
  definition: FunctionDefinition;
  /** Runs the handler once and answers what it answered: its JSON, or the error that AWS would report. */
  invoke(event: unknown): Promise<Outcome & { requestId: string }>;
  statistics(): FunctionStatistics;
  /** The environment with this access key id, while it lives. */
  environment(accessKeyId: string): Environment | undefined;
  close(): Promise<void>;
};

type Idle = { environment: Environment; wake: () => void };

/** A function with its pool of environments: reused while idle, started up to the limit, then first come, first served. */
export function createLambdaFunction(
  definition: FunctionDefinition,
  host: EnvironmentHost,
  faults: FunctionFaults,
  budget: EnvironmentBudget,
): LambdaFunction {
  const slots: (Environment | undefined)[] = Array.from({ length: maxEnvironments });
  const idle: Idle[] = [];
  const waiting: ((environment: Environment) => void)[] = [];
  const counts = { invocations: 0, errors: 0, trips: 0, max_trips: 0 };
  let closed = false;

  function start(slot: number): Environment {
    budget.enter();
    const started = startEnvironment(definition, slot, host);
    slots[slot] = started;
    return started;
  }

  function forget(environment: Environment): void {
    slots[slots.indexOf(environment)] = undefined;
    budget.leave();
  }

  function acquire(): Environment | Promise<Environment> {
    for (let reused = idle.pop(); reused; reused = idle.pop()) {
      reused.wake();
      if (reused.environment.alive()) return reused.environment;
      // What it left running after its last answer has ended it.
      forget(reused.environment);
    }
    const slot = slots.indexOf(undefined);
    return slot < 0 ? new Promise(resolve => waiting.push(resolve)) : start(slot);
  }

  function release(environment: Environment): void {
    if (closed) return;
    if (!environment.alive()) forget(environment);
    const next = waiting.shift();
    if (next) next(environment.alive() ? environment : start(slots.indexOf(undefined)));
    else if (environment.alive()) rest(environment);
  }

  /** Keeps an environment for the next invocation, until it has been idle for too long or its memory is wanted. */
  function rest(environment: Environment): void {
    const end = (): void => {
      entry.wake();
      idle.splice(idle.indexOf(entry), 1);
      forget(environment);
      void environment.kill();
    };
    const timer = setTimeout(end, idleLimit);
    timer.unref();
    const takeBack = budget.rest(end);
    const entry: Idle = {
      environment,
      wake() {
        clearTimeout(timer);
        takeBack();
      },
    };
    idle.push(entry);
  }

  async function run(environment: Environment, requestId: string, event: string): Promise<Outcome> {
    const fault = faults.takeForInvocation(definition.name);
    if (fault?.kind === 'fail')
      return { ok: false, error: { errorType: 'Error', errorMessage: 'A fault was injected.' } };
    if (fault?.kind === 'kill_before') return environment.kill();
    const delay = fault?.kind === 'delay' ? (fault.seconds ?? 1) * 1000 : 0;
    const outcome = await environment.invoke({
      requestId,
      event,
      timeout: definition.timeout * 1000,
      delay,
    });
    if (fault?.kind === 'kill_after') return environment.kill();
    if (outcome.ok && outcome.payload.length > payloadLimit)
      return {
        ok: false,
        error: {
          errorType: 'Function.ResponseSizeTooLarge',
          errorMessage: `Response payload size exceeded maximum allowed payload size (${payloadLimit} bytes).`,
        },
      };
    return outcome;
  }

  return {
    definition,
    async invoke(event) {
      const requestId = randomUUID();
      const environment = await acquire();
      environment.calls.clear();
      try {
        const outcome = await run(environment, requestId, JSON.stringify(event));
        const trips = environment.calls.get('rds-data:ExecuteStatement') ?? 0;
        counts.invocations += 1;
        counts.trips += trips;
        counts.max_trips = Math.max(counts.max_trips, trips);
        if (!outcome.ok) {
          counts.errors += 1;
          host
            .log(definition.name)
            .write(`${JSON.stringify({ level: 'ERROR', requestId, ...outcome.error })}\n`);
        }
        return { ...outcome, requestId };
      } finally {
        release(environment);
      }
    },
    statistics: () => {
      const living = slots.filter(Boolean).length;
      return { ...counts, running: living - idle.length, idle: idle.length, waiting: waiting.length };
    },
    environment: accessKeyId => slots.find(environment => environment?.accessKeyId === accessKeyId),
    async close() {
      closed = true;
      for (const { wake } of idle) wake();
      await Promise.all(slots.map(environment => environment?.kill()));
    },
  };
}
