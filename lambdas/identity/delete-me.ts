import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { instant } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { signedIn, useCase } from '../kernel/use-case.ts';
import { codeRefusals, hashCode, hashDestination, sixDigits } from './codes.ts';
import { endGrant } from './end-tesla-grant.ts';
import { limits, tooManyAttempts } from './identity.ts';
import { verifyPassword } from './passwords.ts';
import { withPhone } from './phones.ts';

const refusals = {
  wrong_password: refuse('wrong_password', 400, 'The password is wrong.', 'password'),
  ...codeRefusals,
  bookings_running: refuse('bookings_running', 409, 'Bookings are running. End or cancel them before.'),
  money_owed: refuse('money_owed', 409, 'Money is still owed. Settle it before.'),
  ...limits,
};

const Begun = z.object({
  retry_after: z.nullable(z.int()),
  password_hash: z.nullable(z.string()),
  email: z.nullable(z.string()),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});

const Deleted = z.object({
  outcome: z.enum(['deleted', 'wrong_code', 'code_expired']),
  restorable_until: z.nullable(instant),
  tesla_token: z.nullable(z.string()),
});

/** Deletes the caller's account, proven by the password or by a one-time code for signing in. It can be restored for 90 days. */
export const deleteMe = useCase({
  route: 'DELETE /api/v1/users/me',
  summary: 'Delete my account',
  access: signedIn(),
  body: true,
  input: z
    .strictObject({
      password: z.optional(
        z
          .string()
          .check(z.minLength(1), z.maxLength(200), z.meta({ examples: ['correct horse battery staple'] })),
      ),
      code: z.optional(sixDigits),
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
  async run({ password, code }, { db, actor, marketplace }) {
    const begun = await db.one(sql`select * from privacy.begin_deletion()`, Begun);
    if (begun.retry_after !== null) throw tooManyAttempts(begun.retry_after);
    if (password !== undefined && !(await verifyPassword(password, begun.password_hash)))
      throw new Refusal(refusals.wrong_password);
    const codes = code === undefined ? null : await hashesOf(code, begun, marketplace);
    const { outcome, restorable_until, tesla_token } = await db.one(
      sql`select * from privacy.delete_account(${codes}::jsonb)`,
      Deleted,
    );
    if (outcome !== 'deleted') throw new Refusal(refusals[outcome]);
    if (tesla_token !== null) await endGrant(tesla_token, actor);
    return { restorable_until: restorable_until ?? '' };
  },
});

/** The code may have gone to either of the person's contacts: its hash for each, by the hash of the contact. */
async function hashesOf(code: string, begun: z.output<typeof Begun>, { slug }: Marketplace) {
  const { email, phone } = await withPhone(begun);
  const contacts = [
    ...(email === null ? [] : [{ email, phone: null, phone_hash: null, key: `${slug}/${email}` }]),
    ...(phone === null
      ? []
      : [{ email: null, phone, phone_hash: begun.phone_hash, key: `${slug}/${phone}` }]),
  ];
  const pairs = contacts.map(async contact => [
    await hashDestination(contact),
    await hashCode(contact, code),
  ]);
  return Object.fromEntries(await Promise.all(pairs));
}

export const handler = http(deleteMe);
