import * as z from 'zod/mini';
import { count, currency, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { balance } from './money.ts';

const Kind = z.object({
  kind: text(1, 40, 'gateway_clearing'),
  gateway: z.nullable(text(1, 40, 'stripe')),
  currency,
  accounts: count(0, 2_147_483_647, 1),
  balance,
});

/**
 * Shows what the marketplace's accounts hold by their kind: positive is owed to whoever owns them, negative is owed by them.
 * All of one currency sum to zero.
 */
export const showLedger = useCase({
  route: 'GET /api/v1/admin/ledger',
  summary: 'Show the trial balance',
  access: permitted('money.read'),
  input: z.strictObject({}),
  output: z.object({ items: z.array(Kind) }),
  run: async (_input, { db }) => ({ items: await db.many(sql`select * from money.trial_balance()`, Kind) }),
});

export const handler = http(showLedger);
