import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from './fake.ts';

export type Call = {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  text: string;
};
export type Reply = { status: number; body: unknown; headers?: Record<string, string> };

/**
 * What a test orders for the next calls of a path, in which `*` stands for any one segment. `after`: the call does what it does, and only its answer is lost.
 * `cut` breaks the connection, `hang` never answers, anything else is answered with `status` and `body`.
 */
type Fault = {
  path: string;
  method?: string;
  how?: 'cut' | 'hang';
  after?: boolean;
  status?: number;
  body?: unknown;
  times?: number;
};

/** An event that the provider tells by webhook. `sign` makes its headers, anew for each delivery. */
export type Announcement = {
  id: string;
  /** Whose webhook it is. */
  marketplace: string;
  body: string;
  sign(): Record<string, string>;
};

type Provider = {
  /** Keeps an event, and delivers it once the call that caused it is answered. */
  announce(event: Announcement): void;
};

/** What a provider does, given where it announces events. */
export type Behaviour = {
  answer(call: Call): Reply;
  /** What a person does at the provider's checkout: `POST /_pay`. */
  pay(order: Record<string, unknown>): Reply;
  /** What passes in a day: the idempotency keys are not known any more. */
  forget?(): void;
};

/**
 * A payment provider's server. Beside the provider's own paths it takes `POST /_faults` (see Fault; `null` takes back those that
 * wait), `POST /_pay` (the person's part), `POST /_webhooks {"url"}` (where events go; `{marketplace}` stands for whose they are),
 * `GET /_events` (all of them, signed now), `POST /_events/<id>` (delivers one again) and `POST /_forget` (the idempotency keys, as if
 * a day had passed).
 */
export async function startProvider(create: (provider: Provider) => Behaviour) {
  const faults: Fault[] = [];
  const events: Announcement[] = [];
  let target: string | undefined;
  let undelivered: Announcement[] = [];

  const { answer, pay, forget } = create({
    announce(event) {
      events.push(event);
      undelivered.push(event);
    },
  });

  async function deliver({ marketplace, body, sign }: Announcement): Promise<number> {
    if (!target) return 0;
    const url = target.replaceAll('{marketplace}', marketplace);
    try {
      return (await fetch(url, { method: 'POST', body, headers: sign() })).status;
    } catch {
      // As a provider finds a server that is down: events can be delivered again.
      return 0;
    }
  }

  async function control({ method, path, text }: Call): Promise<Reply | undefined> {
    const order = text === '' ? {} : JSON.parse(text);
    if (path === '/_faults')
      return { status: 201, body: { faults: order ? faults.push(order) : faults.splice(0).length } };
    if (path === '/_pay') return pay(order);
    if (path === '/_forget') {
      forget?.();
      return { status: 200, body: {} };
    }
    if (path === '/_webhooks') {
      target = order.url ?? undefined;
      return { status: 201, body: {} };
    }
    if (path === '/_events')
      return { status: 200, body: events.map(({ sign, ...event }) => ({ ...event, headers: sign() })) };
    const event = events.find(({ id }) => method === 'POST' && path === `/_events/${id}`);
    return event ? { status: 200, body: { status: await deliver(event) } } : undefined;
  }

  function takeFault({ method, path }: Call): Fault | undefined {
    const index = faults.findIndex(fault => isLike(path, fault.path) && (fault.method ?? method) === method);
    const fault = faults[index];
    if (!fault) return undefined;
    fault.times = (fault.times ?? 1) - 1;
    if (fault.times === 0) faults.splice(index, 1);
    return fault;
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    if (call.path.startsWith('/_')) {
      const reply = await control(call);
      write(response, reply ?? { status: 404, body: { error: `There is no ${call.path}.` } });
      return flush();
    }
    const fault = takeFault(call);
    const reply = fault && !fault.after ? undefined : answer(call);
    if (fault?.how === 'cut') response.destroy();
    else if (fault && fault.how !== 'hang')
      write(response, { status: fault.status ?? 500, body: fault.body ?? {} });
    else if (!fault && reply) write(response, reply);
    flush();
  }

  function flush(): void {
    const due = undelivered;
    undelivered = [];
    for (const event of due) void deliver(event);
  }

  return listen(createServer((request, response) => void respond(request, response)));
}

/** A pattern's segments are the path's, or `*`. */
function isLike(path: string, pattern: string): boolean {
  const [given, wanted] = [path.split('/'), pattern.split('/')];
  return (
    given.length === wanted.length && wanted.every((part, index) => part === '*' || part === given[index])
  );
}

async function readCall(request: IncomingMessage): Promise<Call> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const { method = 'GET', headers } = request;
  return { method, path: pathname, query: searchParams, headers, text: await text(request) };
}

function write(response: ServerResponse, { status, body, headers }: Reply): void {
  const isText = typeof body === 'string';
  response.writeHead(status, { 'content-type': isText ? 'text/plain' : 'application/json', ...headers });
  response.end(isText ? body : JSON.stringify(body));
}

/** Answers that are kept by idempotency key, with what they were asked. */
export class Replays {
  readonly #kept = new Map<string, { fingerprint: string; reply: Reply }>();

  forget(): void {
    this.#kept.clear();
  }

  /**
   * @param conflict answers a key that was used for something else
   * @param replayed answers a repetition
   */
  once(
    key: string | undefined,
    fingerprint: string,
    make: () => Reply,
    { conflict, replayed }: { conflict: () => Reply; replayed: (reply: Reply) => Reply },
  ): Reply {
    if (!key) return make();
    const kept = this.#kept.get(key);
    if (kept) return kept.fingerprint === fingerprint ? replayed(kept.reply) : conflict();
    // What a provider answers is what it was then, whatever becomes of it later.
    const reply = structuredClone(make());
    // A failure of the provider's own is not kept, so that a repetition may succeed.
    if (reply.status < 500) this.#kept.set(key, { fingerprint, reply });
    return reply;
  }
}

/** The header of this name, as one text. */
export const headerOf = ({ headers }: Call, name: string): string | undefined => {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
};

/** Fields of an object that was made from JSON or from a form. */
export type Fields = { readonly [name: string]: unknown };

export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** Whose event it is: our clients say so in every object's metadata. */
export const marketplaceOf = (metadata: unknown): string => textOf(fieldsOf(metadata).marketplace) ?? '';
