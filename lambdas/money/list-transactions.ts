import * as z from 'zod/mini';
import { cursorOf } from '../kernel/cursor.ts';
import { amount, currency, id, instant, limit, page, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { gatewayName } from './payments.ts';

/** A payment or a refund: the row of `money.transactions`. */
const Transaction = z.object({
  id: id('transaction'),
  transaction_number: text(1, 20, 'TXN-2026-000001'),
  payment_id: id('payment'),
  booking_id: z.nullable(id('booking')),
  type: z.enum(['payment', 'refund', 'wallet_topup', 'tip']).check(z.meta({ examples: ['payment'] })),
  /** What was paid for: `parking`, `service`, `subscription`, `order` … */
  payment_type: text(1, 40, 'parking'),
  payment_method: text(1, 40, 'card'),
  amount,
  currency,
  gateway: z.nullable(gatewayName),
  status: z
    .enum(['pending', 'processing', 'completed', 'failed', 'cancelled', 'refunded'])
    .check(z.meta({ examples: ['completed'] })),
  description: text(1, 300, 'Booking SPC-2026-000001'),
  processed_at: z.nullable(instant),
  failed_at: z.nullable(instant),
  failure_reason: z.nullable(text(0, 500, 'Your card was declined.')),
  created_at: instant,
});

const Cursor = cursorOf(z.tuple([z.literal('transactions'), z.uuid()]));

/** Lists what the caller has paid and been given back, newest first. */
export const listTransactions = useCase({
  route: 'GET /api/v1/transactions',
  summary: 'List my payments and refunds',
  access: signedIn(),
  input: z.strictObject({ limit, cursor: z.optional(Cursor) }),
  output: page(Transaction),
  run({ limit, cursor }, { db, actor }) {
    const [, before] = cursor ?? [null, null];
    return db.page(
      sql`
        select t.* from money.transactions t
        where t.user_id = ${actor}::uuid and (${before}::uuid is null or t.id < ${before}::uuid)
        order by t.id desc
        limit ${limit + 1}::integer`,
      Transaction,
      limit,
      row => ['transactions', row.id],
    );
  },
});

export const handler = http(listTransactions);
