import { randomBytes } from 'node:crypto';
import type { Reply } from './provider.ts';
import type { readForm } from './stripe-form.ts';

/** Tells an event about an object, as it is now. `account`: the connected account at which it happened. */
export type Announce = (type: string, object: Record<string, unknown>, account?: string) => void;

/** What a request asks of Stripe, read. */
export type StripeRequest = {
  method: string;
  path: string;
  fields: ReturnType<typeof readForm>;
  /** The connected account that it acts as. */
  account: string | undefined;
};

export const newId = (prefix: string) => `${prefix}_${randomBytes(12).toString('hex')}`;

/** Stripe's error body. */
export const problem = (status: number, error: Record<string, unknown>): Reply => ({
  status,
  headers: { 'request-id': newId('req') },
  body: { error: { type: 'invalid_request_error', ...error } },
});

export const missing = (kind: string, id: string): Reply =>
  problem(404, { code: 'resource_missing', param: 'id', message: `No such ${kind}: '${id}'` });

export const unknownUrl = ({ method, path }: StripeRequest): Reply =>
  problem(404, { message: `Unrecognized request URL (${method}: ${path}).` });
