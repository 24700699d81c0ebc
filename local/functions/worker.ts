import { setTimeout as wait } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { type LoadedHandler, loadHandler } from './load-handler.ts';
import type { FromWorker, InvocationError, Invoke, WorkerData } from './protocol.ts';
import { shiftClock } from './shift-clock.ts';

/** The thread that one environment of a Lambda runs in: it loads the handler once and answers one event at a time. */

const { folder, handler: handlerName, clockOffset, context } = workerData as WorkerData;
const tell = (message: FromWorker): void => parentPort?.postMessage(message);

function describe(thrown: unknown): InvocationError {
  if (!(thrown instanceof Error)) return { errorType: typeof thrown, errorMessage: String(thrown) };
  return { errorType: thrown.name, errorMessage: thrown.message, trace: thrown.stack?.split('\n') ?? [] };
}

async function answer(handler: LoadedHandler, { requestId, event, timeout, delay }: Invoke): Promise<void> {
  const deadline = performance.now() + timeout;
  try {
    if (delay > 0) await wait(delay);
    const result = await handler(JSON.parse(event), {
      ...context,
      awsRequestId: requestId,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, Math.floor(deadline - performance.now())),
    });
    tell({ kind: 'answer', payload: JSON.stringify(result ?? null) });
  } catch (thrown) {
    tell({ kind: 'error', error: describe(thrown) });
  }
}

shiftClock(clockOffset);
try {
  const handler = await loadHandler(folder, handlerName);
  parentPort?.on('message', (message: Invoke) => answer(handler, message));
  tell({ kind: 'ready' });
} catch (thrown) {
  tell({ kind: 'error', error: describe(thrown) });
}
