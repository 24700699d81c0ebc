import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { Wallet } from './money.ts';

/** Shows the caller's wallet. Everybody has one from the moment they sign up. */
export const showWallet = useCase({
  route: 'GET /api/v1/wallet',
  summary: 'Show my wallet',
  access: signedIn(),
  input: z.strictObject({}),
  output: Wallet,
  run: (_input, { db, actor }) =>
    db.one(
      sql`
        select balance, currency, total_earned, total_spent, money.withdrawable() as withdrawable_amount, is_active, created_at,
               updated_at
        from money.wallets where user_id = ${actor}::uuid`,
      Wallet,
    ),
});

export const handler = http(showWallet);
