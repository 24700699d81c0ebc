import * as z from 'zod/mini';
import { count, currency, id, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { subjectStatus } from './money.ts';

/** A single amount that a person pays, in the minor unit of the marketplace's currency. */
const amount = count(1, 1_000_000_000, 50_000);

const TopUp = z.object({ id: id('topup'), amount, currency, status: subjectStatus, created_at: instant });

/** Says how much the caller is about to put into their wallet. It is there once the top-up is paid for, as its `topup_id`. */
export const openTopUp = useCase({
  route: 'POST /api/v1/wallet/top-ups',
  summary: 'Open a top-up of my wallet',
  access: signedIn(),
  input: z.strictObject({ amount }),
  output: TopUp,
  status: 201,
  refusals: {
    topup_amount: refuse(
      'topup_amount',
      422,
      'A wallet is topped up within the limits of the settings wallet_topup_min and wallet_topup_max.',
      'amount',
    ),
  },
  run: ({ amount }, { db }) =>
    db.one(
      sql`select id, amount, currency, status, created_at from money.open_topup(${amount}::bigint)`,
      TopUp,
    ),
});

export const handler = http(openTopUp);
