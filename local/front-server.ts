import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestListener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export type FrontServer = {
  port: number;
  /** Answers requests from now on. Until then they get 503. */
  serve(listener: RequestListener): void;
  close(): Promise<void>;
};

/**
 * Opens the one port that people and programs talk to. It is opened before anything else, so that a port in use is
 * told at once and not after a minute's work.
 *
 * @param port 0 lets the system choose
 */
export async function openFrontServer(port: number): Promise<FrontServer> {
  let listener: RequestListener | undefined;
  const server = createServer((request, response) => {
    if (!listener) {
      response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1' });
      response.end(JSON.stringify({ message: 'Vicinity is starting' }));
      return;
    }
    listener(request, response).catch(thrown => {
      process.stderr.write(`${(thrown as Error).stack}\n`);
      if (!response.headersSent) response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ message: 'Internal Server Error' }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new Error(
          error.code === 'EADDRINUSE'
            ? `Port ${port} is in use. Stop what listens there, or choose another port with PORT.`
            : `Port ${port} cannot be opened: ${error.message}.`,
        ),
      ),
    );
    // Both of `localhost`'s addresses would need two sockets; browsers and clients try this one too.
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    serve(next) {
      listener = next;
    },
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
