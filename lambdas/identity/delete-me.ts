import * as z from 'zod/mini';
import { amount, instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, notRight, sixDigits } from './codes.ts';
import { endGrant } from './end-tesla-grant.ts';
import { anyPassword, limits, tooManyAttempts, wrongPassword } from './identity.ts';
import { ownCodes } from './own-codes.ts';
import { verifyPassword } from './passwords.ts';

const refusals = {
  wrong_password: wrongPassword,
  ...codeRefusals,
  bookings_running: refuse('bookings_running', 409, 'Bookings are running. End or cancel them before.'),
  money_owed: refuse('money_owed', 409, 'You still owe money here. Settle it before.'),
  balance_remaining: refuse(
    'balance_remaining',
    409,
    'There is money of yours here. Spend it or have it paid out before, or give up what is too little for that by `forfeit_amount` and `forfeit_earnings`.',
  ),
  money_moving: refuse(
    'money_moving',
    409,
    'A payment or a refund of yours is on its way. Try again once it has arrived.',
  ),
  last_super_admin: refuse('last_super_admin', 409, 'A marketplace keeps one super admin.'),
  ...limits,
};

const Begun = z.object({
  retry_after: z.nullable(z.int()),
  password_hash: z.nullable(z.string()),
  email: z.nullable(z.string()),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});

const Settled = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('deleted'),
    restorable_until: instant,
    tesla_token: z.nullable(z.string()),
  }),
  ...notRight,
]);

/** Deletes the caller's account, proven by the password or by a code of the purpose delete_account. It can be restored for 90 days. */
export const deleteMe = useCase({
  route: 'DELETE /api/v1/users/me',
  summary: 'Delete my account',
  access: signedIn(),
  body: true,
  input: z
    .strictObject({
      password: z.optional(anyPassword),
      code: z.optional(sixDigits),
      /** What is given up of the wallet, in minor units: all that is there, and less than may be taken out. */
      forfeit_amount: z.optional(amount),
      /**
       * What is given up of earnings, in minor units: all that they leave once they have paid what the caller owes, and less than is paid
       * out.
       */
      forfeit_earnings: z.optional(amount),
    })
    .check(
      z.refine(({ password, code }) => (password === undefined) !== (code === undefined), {
        error: 'give the password or a one-time code',
        path: ['password'],
      }),
    ),
  output: z.object({ restorable_until: instant }),
  refusals,
  credentials: true,
  needs: ['keyed-hash', 'sealing', 'tesla'],
  async run({ password, code, forfeit_amount = null, forfeit_earnings = null }, { db, actor, marketplace }) {
    const begun = await db.one(
      sql`select * from privacy.begin_deletion(${forfeit_amount}::bigint, ${forfeit_earnings}::bigint)`,
      Begun,
    );
    if (begun.retry_after !== null) throw tooManyAttempts(begun.retry_after);
    if (password !== undefined && !(await verifyPassword(password, begun.password_hash)))
      throw new Refusal(refusals.wrong_password);
    const codes = code === undefined ? null : await ownCodes(code, begun, marketplace);
    const settled = await db.one(
      sql`
        select * from privacy.delete_account(${codes}::jsonb, ${forfeit_amount}::bigint, ${forfeit_earnings}::bigint)`,
      Settled,
    );
    if (settled.outcome !== 'deleted') throw codeRefusal(settled);
    if (settled.tesla_token !== null) await endGrant(settled.tesla_token, actor);
    return { restorable_until: settled.restorable_until };
  },
});

export const handler = http(deleteMe);
