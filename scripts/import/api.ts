import { Mistake } from '../mistake.ts';

/** An answer of the API below 500, its body read. `replayed`: the request had been answered before. */
export type Answer = { status: number; replayed: boolean; body: Problem & Record<string, unknown> };
type Problem = {
  code?: string;
  title?: string;
  errors?: readonly { field: string; message: string }[];
};

/** The API is out of reach or keeps failing, so that going on makes no sense. */
export class Unreachable extends Mistake {}

/** Some two minutes, in which a server may be restarted; signing in is watched by somebody and gives up soon. */
const TRIES = 8;
const TRIES_AT_FIRST = 3;
const LONGEST_PAUSE = 20_000;

/**
 * A client of one marketplace's API, signed in as one person. Waits and tries again where that may help: too many requests,
 * failures of the server and of the network. Safe, since every POST carries a key or can be repeated.
 */
export class Api {
  readonly #base: string;
  readonly #credentials: { email: string; password: string };
  #token = '';
  #refreshToken = '';
  #renewal: Promise<void> | undefined;

  constructor(base: string, credentials: { email: string; password: string }) {
    this.#base = base;
    this.#credentials = credentials;
  }

  /** Signs in and returns the person's id. Throws a Mistake with the API's own words. */
  async signIn(): Promise<string> {
    const { status, body } = await this.#send('/api/v1/auth/login', this.#credentials, {}, TRIES_AT_FIRST);
    if (status !== 200) throw new Mistake(`Signing in failed: ${sentenceOf(body)}`);
    this.#keep(body);
    return String((body.user as { id: string }).id);
  }

  /** Posts with an idempotency key; with a new access token when the one at hand has run out. */
  async post(path: string, body: unknown, key: string): Promise<Answer> {
    for (let renewed = false; ; renewed = true) {
      const token = this.#token;
      const answer = await this.#send(path, body, {
        authorization: `Bearer ${token}`,
        'idempotency-key': key,
      });
      if (answer.status !== 401 || renewed) return answer;
      await this.#renew(token);
    }
  }

  /** Several requests may find the token too old at once: one renews it, since a refresh token serves once. */
  async #renew(stale: string): Promise<void> {
    if (this.#token !== stale) return;
    this.#renewal ??= this.#refresh().finally(() => {
      this.#renewal = undefined;
    });
    await this.#renewal;
  }

  async #refresh(): Promise<void> {
    const { status, body } = await this.#send('/api/v1/auth/refresh', { refresh_token: this.#refreshToken });
    if (status === 200) this.#keep(body);
    else await this.signIn();
  }

  #keep(body: Record<string, unknown>): void {
    this.#token = String(body.access_token);
    this.#refreshToken = String(body.refresh_token);
  }

  async #send(
    path: string,
    body: unknown,
    headers: Record<string, string> = {},
    tries = TRIES,
  ): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const response = await fetch(`${this.#base}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(60_000),
      }).catch((error: Error) => error);
      const failed = response instanceof Error || response.status >= 500 || response.status === 429;
      if (!failed) {
        const replayed = response.headers.get('idempotency-replayed') === 'true';
        return { status: response.status, replayed, body: await readBody(response) };
      }
      if (attempt === tries) throw new Unreachable(`${this.#base} does not answer: ${reasonOf(response)}.`);
      await new Promise(resolve => setTimeout(resolve, pauseBefore(attempt, response)));
    }
  }
}

/** What the API says in words, with the fields that it names. */
export function sentenceOf({ title = 'the answer is no problem document', errors = [] }: Problem): string {
  return errors.length > 0 ? errors.map(({ field, message }) => `${field}: ${message}`).join('; ') : title;
}

/** Something between us and the API may answer with a page of its own. */
const readBody = (response: Response): Promise<Answer['body']> =>
  response.json().catch(() => ({ title: `HTTP ${response.status}` })) as Promise<Answer['body']>;

const reasonOf = (response: Response | Error) =>
  response instanceof Error
    ? ((response.cause as Error | undefined)?.message ?? response.message)
    : `HTTP ${response.status}`;

/** Twice as long each time, with some chance in it so that four workers do not come back together. */
function pauseBefore(attempt: number, response: Response | Error): number {
  const told =
    response instanceof Error ? Number.NaN : Number(response.headers.get('retry-after') ?? Number.NaN);
  const grown = 150 * 2 ** attempt * (0.5 + Math.random());
  return Math.min(Number.isNaN(told) ? grown : Math.max(told * 1000, grown), LONGEST_PAUSE);
}
