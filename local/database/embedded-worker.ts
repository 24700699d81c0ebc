import { parentPort, workerData } from 'node:worker_threads';
import { answerRequest, openPGlite, type PGliteRequest } from './pglite.ts';

export type WorkerRequest = PGliteRequest & { id: number };
export type WorkerReply = { id: number; bytes?: Uint8Array; failure?: string };

const port = parentPort;
if (port) {
  const database = await openPGlite(workerData);
  port.on('message', (request: WorkerRequest) => {
    answerRequest(database, request).then(
      bytes => port.postMessage({ id: request.id, bytes } satisfies WorkerReply),
      (error: unknown) => port.postMessage({ id: request.id, failure: String(error) } satisfies WorkerReply),
    );
  });
  port.postMessage({ id: 0 } satisfies WorkerReply);
}
