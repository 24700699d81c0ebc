import { Worker } from 'node:worker_threads';
import type { FunctionDefinition } from './definition.ts';
import { environmentVariables } from './environment-variables.ts';
import type { FromWorker, InvocationError, Invoke, WorkerData } from './protocol.ts';

/** AWS gives an init 10 s, and then repeats it within the time of the invocation. */
const initLimit = 10_000;

export type Outcome = { ok: true; payload: string } | { ok: false; error: InvocationError };

/** One execution environment of a function: a worker thread that answers one invocation at a time. */
export type Environment = {
  accessKeyId: string;
  /** Calls of each action that succeeded in the present invocation; the function empties it before each. */
  calls: Map<string, number>;
  /** False once the thread is gone. */
  alive(): boolean;
  invoke(invocation: Invoke): Promise<Outcome>;
  /** Ends the thread at once; an invocation under way ends as if the runtime had been killed. */
  kill(): Promise<Outcome>;
};

export type EnvironmentHost = {
  endpoint: string;
  clockOffset: SharedArrayBuffer;
  /** Where the function's output goes. */
  log(functionName: string): NodeJS.WritableStream;
};

/** Starts an environment. It loads its handler at once; the first invocation waits until that is done. */
export function startEnvironment(
  definition: FunctionDefinition,
  slot: number,
  host: EnvironmentHost,
): Environment {
  const accessKeyId = accessKeyOf(definition.name, slot);
  const log = host.log(definition.name);
  const data: WorkerData = {
    folder: definition.folder,
    handler: definition.handler,
    clockOffset: host.clockOffset,
    context: {
      functionName: definition.name,
      functionVersion: '$LATEST',
      invokedFunctionArn: definition.arn,
      memoryLimitInMB: String(definition.memory),
      logGroupName: definition.logGroup,
      logStreamName: accessKeyId,
    },
  };
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: data,
    env: environmentVariables(definition, accessKeyId, host.endpoint),
    execArgv: [],
    argv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: definition.memory },
  });
  worker.stdout.pipe(log, { end: false });
  worker.stderr.pipe(log, { end: false });

  let alive = true;
  let settle: ((outcome: Outcome) => void) | undefined;
  let ready = false;
  const readiness = Promise.withResolvers<void>();
  // Why the thread ended, or what its handler threw last.
  let lastWords: InvocationError | undefined;

  worker.on('message', (message: FromWorker) => {
    if (message.kind === 'ready') {
      ready = true;
      readiness.resolve();
    } else if (message.kind === 'answer') {
      settle?.({ ok: true, payload: message.payload });
    } else {
      lastWords = message.error;
      if (ready) settle?.({ ok: false, error: message.error });
      else void worker.terminate();
    }
  });
  worker.on('error', (thrown: Error & { code?: string }) => {
    const outOfMemory = thrown.code === 'ERR_WORKER_OUT_OF_MEMORY';
    lastWords = outOfMemory
      ? { ...exitError('signal: killed'), errorType: 'Runtime.OutOfMemory' }
      : { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack?.split('\n') ?? [] };
  });
  worker.on('exit', code => {
    alive = false;
    lastWords ??= exitError(`exit status ${code}`);
    settle?.({ ok: false, error: lastWords });
    readiness.resolve();
  });

  return {
    accessKeyId,
    calls: new Map(),
    alive: () => alive,
    kill: async () => {
      lastWords = exitError('signal: killed');
      await worker.terminate();
      return { ok: false, error: lastWords };
    },
    async invoke(invocation) {
      if (!alive) return { ok: false, error: lastWords ?? exitError('signal: killed') };
      lastWords = undefined;
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      settle = resolve;
      let timer = setTimeout(expire, initLimit + invocation.timeout);
      function expire(): void {
        lastWords = {
          errorType: 'Sandbox.Timedout',
          errorMessage: `RequestId: ${invocation.requestId} Error: Task timed out after ${(invocation.timeout / 1000).toFixed(2)} seconds`,
        };
        void worker.terminate();
      }
      await readiness.promise;
      clearTimeout(timer);
      if (alive) {
        timer = setTimeout(expire, invocation.timeout);
        worker.postMessage(invocation);
      }
      const outcome = await promise;
      clearTimeout(timer);
      settle = undefined;
      return outcome;
    },
  };
}

function exitError(how: string): InvocationError {
  return { errorType: 'Runtime.ExitError', errorMessage: `Error: Runtime exited with error: ${how}` };
}

/** The access key id of a function's n-th environment: the endpoint knows the caller by it. */
export function accessKeyOf(functionName: string, slot: number | 'poller'): string {
  return `${functionName}.${slot}`;
}
