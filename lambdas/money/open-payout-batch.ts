import * as z from 'zod/mini';
import { amount, count, currency, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';

/** Payouts of one batch, whose lines fit into one answer of the database. */
const MOST = 500;

const Batch = z.object({
  id: id('payout_batch'),
  payouts: count(1, MOST, 42),
  amount,
  currency,
  created_by: id('user'),
  created_at: instant,
});

/** Takes the payouts to bank accounts that wait on their way, the oldest first, and makes the batch whose file staff hand to their bank. */
export const openPayoutBatch = useCase({
  route: 'POST /api/v1/admin/payout-batches',
  summary: 'Take payouts to the bank',
  access: permitted('money.payout'),
  presence: 'second_factor',
  status: 201,
  input: z.strictObject({}),
  output: Batch,
  refusals: { nothing_to_pay_out: refuse('nothing_to_pay_out', 409, 'No payout waits for the bank.') },
  run: (_input, { db }) => db.one(sql`select * from money.open_payout_batch(${MOST}::integer)`, Batch),
});

export const handler = http(openPayoutBatch);
