import { Worker } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest } from './embedded-worker.ts';
import type { PGliteRequest, PGliteStart } from './pglite.ts';

/** The thread that the embedded database runs in. */
export type Thread = {
  send(request: PGliteRequest): Promise<Uint8Array | undefined>;
  stop(): Promise<void>;
};

type Pending = { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void };

/**
 * Starts a thread of its own, so that a long statement never stops the servers beside it, and waits until its database is open.
 * Rejects with what the database said otherwise.
 */
export async function startThread(start: PGliteStart): Promise<Thread> {
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: start });
  const pending = new Map<number, Pending>();
  let lastId = 0;

  function fail(error: Error): void {
    for (const { reject } of pending.values()) reject(error);
    pending.clear();
  }

  worker.on('message', (reply: WorkerReply) => {
    const waiter = pending.get(reply.id);
    pending.delete(reply.id);
    if (reply.failure) waiter?.reject(new Error(reply.failure));
    else waiter?.resolve(reply.bytes);
  });
  worker.on('error', fail);
  worker.on('exit', () => fail(new Error('The embedded database has stopped.')));

  // The thread's first message has id 0: the database is open.
  await new Promise<unknown>((resolve, reject) => pending.set(0, { resolve, reject }));

  return {
    send: request =>
      new Promise((resolve, reject) => {
        lastId += 1;
        pending.set(lastId, { resolve, reject });
        worker.postMessage({ ...request, id: lastId } satisfies WorkerRequest);
      }),
    async stop() {
      await worker.terminate();
    },
  };
}

/** The same in the caller's thread: two changes of thread fewer for each statement, during which nothing else runs there. */
export async function useCallersThread(start: PGliteStart): Promise<Thread> {
  // Not imported otherwise: who starts a thread of its own has no use for it here.
  const { answerRequest, openPGlite } = await import('./pglite.ts');
  const database = await openPGlite(start);
  return { send: request => answerRequest(database, request), stop: async () => undefined };
}
