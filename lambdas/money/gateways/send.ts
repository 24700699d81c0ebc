import * as z from 'zod/mini';
import { log } from '../../kernel/log.ts';
import { type GatewayName, GatewayUnavailable } from './gateway.ts';

/** Milliseconds: a call and the database fit into a request, which may take 29 s. */
export const PATIENCE = 10_000;

/** Answers that say nothing about the outcome, or that another moment is better: a limit, or the same key being worked on. */
const PASSING = new Set([408, 409, 425, 429]);

export type Sent = { status: number; body: unknown };

/**
 * Sends one request and reads its JSON. Answers below 500 come back whatever they say.
 *
 * @param forget called when our credentials are refused, so that they are read again
 * @throws GatewayUnavailable for no answer, one that cannot be read, 5xx, a limit, and refused credentials, which only we can mend
 */
export async function send(
  gateway: GatewayName,
  url: string,
  init: RequestInit,
  { patience, forget }: { patience: number; forget(): void },
): Promise<Sent> {
  const { status, text } = await exchange(gateway, url, init, patience);
  if (status === 401) {
    forget();
    log.error('a gateway refused our credentials', { gateway });
    throw new GatewayUnavailable(gateway, 'credentials', `${gateway} does not know our credentials.`);
  }
  if (status >= 500 || PASSING.has(status))
    throw new GatewayUnavailable(gateway, `http_${status}`, `${gateway} answered ${status}.`);
  try {
    return { status, body: JSON.parse(text) };
  } catch (cause) {
    throw unreadable(gateway, cause);
  }
}

async function exchange(gateway: GatewayName, url: string, init: RequestInit, patience: number) {
  try {
    const signal = AbortSignal.timeout(patience);
    const answer = await fetch(url, { ...init, redirect: 'error', signal });
    return { status: answer.status, text: await answer.text() };
  } catch (cause) {
    const code = (cause as Error).name === 'TimeoutError' ? 'timeout' : 'network';
    log.warn('a gateway did not answer', { gateway, code, path: new URL(url).pathname });
    throw new GatewayUnavailable(gateway, code, `${gateway} did not answer.`, { cause });
  }
}

/** Reads an answer that says yes. Throws GatewayUnavailable: what another shape means, nobody knows. */
export function read<T>(gateway: GatewayName, schema: z.ZodMiniType<T>, body: unknown): T {
  const parsed = z.safeParse(schema, body);
  if (parsed.success) return parsed.data;
  throw unreadable(gateway, parsed.error);
}

const unreadable = (gateway: GatewayName, cause: unknown) =>
  new GatewayUnavailable(gateway, 'unreadable_answer', `${gateway} answered what cannot be read.`, { cause });

/** HTTP basic authentication. */
export const basic = (name: string, password: string) =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
