import { Worker } from 'node:worker_threads';
import type { WorkerReply, WorkerRequest, WorkerStart } from './embedded-worker.ts';

/** The thread that the embedded database runs in, so that a long statement never stops the servers beside it. */
export type Thread = {
  send(request: Omit<WorkerRequest, 'id'>): Promise<Uint8Array | undefined>;
  stop(): Promise<void>;
};

type Pending = { resolve: (bytes: Uint8Array | undefined) => void; reject: (error: Error) => void };

/** Starts the thread and waits until its database is open. Rejects with what the database said otherwise. */
export async function startThread(start: WorkerStart): Promise<Thread> {
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
