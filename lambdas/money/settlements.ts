import * as z from 'zod/mini';
import { count, currency, id, instant, text } from '../kernel/fields.ts';
import { signedAmount } from './money.ts';

/** A gateway whose settlement files can be read. */
export const settlingGateway = z.enum(['stripe', 'razorpay']).check(z.meta({ examples: ['stripe'] }));
export type SettlingGateway = z.output<typeof settlingGateway>;

const lines = count(0, 40_000, 120);

/** An imported settlement file and what became of its lines. */
export const Settlement = z.object({
  id: id('settlement'),
  gateway: settlingGateway,
  file_name: text(1, 200, 'payout-reconciliation-2026-11.csv'),
  line_count: lines,
  /** Of the moments of its lines, the first and the last. */
  first_at: z.nullable(instant),
  last_at: z.nullable(instant),
  matched_count: lines,
  /** Matched by an earlier import: they move nothing. */
  repeated_count: lines,
  /** All others, and what the file should tell and does not. */
  difference_count: lines,
  /** What went from the gateway's account to that of our bank. */
  settled: z.array(z.object({ currency, amount: signedAmount })),
  created_by: id('user'),
  created_at: instant,
});

export const settlementResult = z
  .enum([
    'matched',
    'amount_differs',
    'currency_differs',
    'fee_differs',
    'date_differs',
    'unknown',
    'repeated',
    'unreadable',
    'not_a_payment',
    'missing',
  ])
  .check(z.meta({ examples: ['amount_differs'] }));

const reference = z.nullable(text(1, 255, 'pi_3Pq2WmCVxZ0'));
const money = z.nullable(signedAmount);

/** A line of a settlement file beside what we have of it. Amounts are negative where money left. */
export const SettlementLine = z.object({
  /** The line in the file, the header being the first. What is missing counts on behind the last. */
  line: count(1, 1_000_000, 2),
  result: settlementResult,
  kind: z.nullable(z.enum(['charge', 'refund', 'fee', 'other']).check(z.meta({ examples: ['charge'] }))),
  entry_reference: reference,
  reference,
  currency: z.nullable(currency),
  amount: money,
  fee: money,
  net: money,
  occurred_at: z.nullable(instant),
  payment_id: z.nullable(id('payment')),
  attempt_id: z.nullable(id('attempt')),
  refund_id: z.nullable(id('refund')),
  /** What we have ourselves of it. */
  expected_amount: money,
  expected_fee: money,
  /** What is wrong with a line that cannot be read. */
  problem: z.nullable(text(1, 200, 'gross cannot be read')),
});
