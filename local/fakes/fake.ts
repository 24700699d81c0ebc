import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A provider's stand-in that runs: an HTTP server on this machine which speaks the provider's documented protocol. */
export type Fake = {
  /** Base URL of the provider → base URL that stands for it here. One provider may have several. */
  urls: Readonly<Record<string, string>>;
  /** Description of a secret in the templates → the JSON that a deployment would have been given by the provider. */
  secrets: Readonly<Record<string, unknown>>;
  /** Where it is told to which URL its webhooks go: `POST {"url"}`, in which `{marketplace}` stands for whose they are. */
  webhooks?: { name: string; control: string };
  close(): Promise<void>;
};

/** Opens a fake's server on a free port of loopback, so that it is reachable from nowhere else. */
export async function listen(server: Server): Promise<{ url: string; close(): Promise<void> }> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = new Promise(resolve => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
