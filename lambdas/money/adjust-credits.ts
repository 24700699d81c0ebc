import * as z from 'zod/mini';
import { ownAccount } from '../identity/identity.ts';
import { id, instant, text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { permitted, useCase } from '../kernel/use-case.ts';
import { credits, creditType } from './money.ts';

const description = text(1, 200, 'Sorry for the late start of your session.');

const Adjustment = z.object({
  id: id('transfer'),
  user_id: id('user'),
  type: creditType,
  amount: credits,
  balance_after: credits,
  description,
  created_by: id('user'),
  created_at: instant,
});

/** Gives a person credits, or takes some away, with a reason that the person reads. It is audited. */
export const adjustCredits = useCase({
  route: 'POST /api/v1/admin/users/{user_id}/credits',
  summary: 'Adjust somebody’s credits',
  access: permitted('money.adjust'),
  presence: 'second_factor',
  input: z.strictObject({
    user_id: id('user'),
    /** Negative where credits are taken away. */
    amount: z.int().check(
      z.minimum(-1_000_000),
      z.maximum(1_000_000),
      z.refine(value => value !== 0, { error: 'must not be zero' }),
      z.meta({ examples: [10] }),
    ),
    description,
  }),
  output: Adjustment,
  status: 201,
  refusals: {
    own_account: ownAccount,
    balances_overdraft_check: refuse(
      'insufficient_credits',
      409,
      'This person has fewer credits than that.',
      'amount',
    ),
    account_closed: refuse('account_closed', 409, 'This account is closed.'),
  },
  run: ({ user_id, amount, description }, { db }) =>
    db.one(
      sql`select * from money.adjust_credits(${user_id}::uuid, ${amount}::bigint, ${description}::text)`,
      Adjustment,
    ),
});

export const handler = http(adjustCredits);
