import * as z from 'zod/mini';
import { amount, currency, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';

const LastPayout = z.object({
  currency,
  /** What the caller has earned and was not sent, and what goes off it for what they owe. */
  balance: amount,
  owed_amount: amount,
  asked_at: instant,
});

/**
 * Lets the next payout take all that the caller has earned in periods that are over, however little it is: for whoever leaves. Asked again
 * before that payout, it says the same.
 */
export const askLastPayout = useCase({
  route: 'POST /api/v1/earnings/last-payout',
  summary: 'Have my earnings paid out, however little',
  access: signedIn(),
  presence: 'session',
  input: z.strictObject({}),
  output: LastPayout,
  refusals: {
    nothing_to_pay_out: refuse(
      'nothing_to_pay_out',
      409,
      'What you owe and what a payout costs take all that you have earned. What is left can be given up with the account.',
    ),
    no_payout_account: refuse(
      'no_payout_account',
      409,
      'Nowhere to pay to: add an account for payouts first, and wait until it can be used.',
    ),
    last_payout_taken: refuse(
      'last_payout_taken',
      409,
      'A last payout is made once in 90 days. What is too little to be paid out can be given up with the account.',
    ),
  },
  run: (_input, { db }) => db.one(sql`select * from money.ask_last_payout()`, LastPayout),
});

export const handler = http(askLastPayout);
