import { randomBytes } from 'node:crypto';
import type { Fields, Reply } from './provider.ts';

export type Order = Fields & {
  id: string;
  amount: number;
  currency: string;
  receipt: string;
  capture: string;
  notes: Fields;
};
export type Payment = {
  id: string;
  order_id: string;
  amount: number;
  currency: string;
  status: string;
  captured: boolean;
  amount_refunded: number;
  fee: number | null;
  [field: string]: unknown;
};
export type Refund = Record<string, unknown> & { id: string; payment_id: string; status: string };

export const newId = (prefix: string) =>
  `${prefix}${randomBytes(10).toString('base64url').replace(/\W|_/g, '0').slice(0, 14)}`;

export const seconds = () => Math.floor(Date.now() / 1000);

export const ok = (body: unknown): Reply => ({ status: 200, body });

export const collection = (items: unknown[]) => ({ entity: 'collection', count: items.length, items });

export const refused = (description: string, more: Fields = {}): Reply => ({
  status: 400,
  body: {
    error: {
      code: 'BAD_REQUEST_ERROR',
      description,
      source: 'business',
      step: 'payment_initiation',
      reason: 'input_validation_failed',
      metadata: {},
      ...more,
    },
  },
});

export const unknownId = () => refused('The id provided does not exist');

/** Tells an event with its entities, whose webhook is that of the marketplace in these notes. */
export type Tell = (event: string, entities: Readonly<Record<string, Fields>>, notes: unknown) => void;

/** What a payment says of its failure. */
export const reasonsOf = (reason: string | undefined) => ({
  error_code: reason ? 'BAD_REQUEST_ERROR' : null,
  error_reason: reason ?? null,
  error_step: reason ? 'payment_authorization' : null,
  error_description: reason ? 'Your payment was declined by the bank.' : null,
});
