import * as z from 'zod/mini';
import { amount, id, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { backTo, lineCode, refundRefusals, StaffRefund } from './refunds.ts';

const part = amount.check(z.minimum(1));

/**
 * Gives back a part of a payment, or all of it, with a reason: parts of its lines, or an amount that all lines share. Those who had
 * got it give it back. It is audited.
 */
export const refundPayment = useCase({
  route: 'POST /api/v1/admin/payments/{payment_id}/refunds',
  summary: 'Refund a payment',
  access: permitted('money.refund'),
  presence: 'second_factor',
  input: z
    .strictObject({
      payment_id: id('payment'),
      /** Exactly one of `items` and `amount` says how much. */
      items: z.optional(
        z.array(z.strictObject({ line: lineCode, amount: part })).check(
          z.minLength(1),
          z.maxLength(50),
          z.refine(items => new Set(items.map(({ line }) => line)).size === items.length, {
            error: 'must not name a line twice',
          }),
        ),
      ),
      amount: z.optional(part),
      reason: text(1, 500, 'The driveway was blocked for half of the time.'),
      to: z._default(backTo, 'source'),
    })
    .check(
      z.check(({ value, issues }) => {
        if ((value.items === undefined) === (value.amount === undefined))
          issues.push({
            code: 'custom',
            message: 'must stand where items do not, and only there',
            path: ['amount'],
            input: value,
          });
      }),
      z.meta({
        examples: [
          {
            payment_id: '019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e',
            amount: 500,
            reason: 'The driveway was blocked for half of the time.',
          },
        ],
      }),
    ),
  output: StaffRefund,
  status: 201,
  refusals: {
    ...refundRefusals,
    payment_not_refundable: refuse(
      'payment_not_refundable',
      409,
      'Nothing of this payment has been taken or reserved.',
    ),
    nothing_taken: refuse(
      'nothing_taken',
      409,
      'Nothing has been taken of this payment yet, so it can only be refunded to where it comes from.',
      'to',
    ),
    unknown_line: refuse('unknown_line', 422, 'The payer pays for no such line.', 'items'),
    refund_too_large: refuse(
      'refund_too_large',
      409,
      'This is more than what was paid and has not been given back or disputed.',
      'amount',
    ),
    balances_overdraft_check: refuse(
      'already_spent',
      409,
      'What was paid for has been spent: the wallet holds less than that.',
      'amount',
    ),
  },
  run: ({ payment_id, ...wish }, { db }) =>
    db.one(
      sql`
        select r.* from jsonb_to_record(money.refund_as_staff(${payment_id}::uuid, ${wish}::jsonb)) as r (
          id uuid, payment_id uuid, currency text, amount bigint, returned_amount bigint, "to" text, reason text,
          created_by uuid, items jsonb, refunds jsonb, created_at timestamptz)`,
      StaffRefund,
    ),
});

export const handler = http(refundPayment);
