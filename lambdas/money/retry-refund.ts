import * as z from 'zod/mini';
import { amount, currency, id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { backTo, refundMethod, refundRefusals, refundStatus } from './refunds.ts';

const Refund = z.object({
  id: id('refund'),
  payment_id: id('payment'),
  /** The one that failed. */
  replaces: id('refund'),
  method: refundMethod,
  currency,
  amount,
  reason: text(1, 40, 'not_owed'),
  status: refundStatus,
  created_at: instant,
});

/** Makes a refund once more that a gateway refused or a bank gave back: the same way, or to the payer's wallet or credits. */
export const retryRefund = useCase({
  route: 'POST /api/v1/admin/refunds/{refund_id}/retry',
  summary: 'Make a refund again that failed',
  access: permitted('money.refund'),
  presence: 'second_factor',
  input: z.strictObject({ refund_id: id('refund'), to: z._default(backTo, 'wallet') }),
  output: Refund,
  status: 201,
  refusals: {
    ...refundRefusals,
    refund_not_failed: refuse('refund_not_failed', 409, 'This refund has not failed.'),
    refund_replaced: refuse('refund_replaced', 409, 'This refund was made again before.'),
    not_whole_credits: refuse('not_whole_credits', 409, 'This is no whole number of credits.', 'to'),
  },
  run: ({ refund_id, to }, { db }) =>
    db.one(
      sql`
        select r.* from jsonb_to_record(money.retry_refund(${refund_id}::uuid, ${to}::text)) as r (
          id uuid, payment_id uuid, replaces uuid, method text, currency text, amount bigint, reason text, status text,
          created_at timestamptz)`,
      Refund,
    ),
});

export const handler = http(retryRefund);
