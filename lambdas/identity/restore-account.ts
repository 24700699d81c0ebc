import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { type Call, everyone, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, contactUnproven, notRight, sixDigits, tryOf } from './codes.ts';
import { attemptsKey, type Contact, contactFields, exactlyOne, readContact } from './contact.ts';
import { anyPassword, limits, outcome, tooManyAttempts } from './identity.ts';
import { verifyPassword } from './passwords.ts';

const refusals = {
  invalid_credentials: refuse(
    'invalid_credentials',
    401,
    'No deleted account has this address or number with this password.',
  ),
  users_email_key: refuse(
    'email_taken',
    409,
    'Somebody has signed up with this e-mail address since.',
    'email',
  ),
  users_phone_key: refuse(
    'phone_taken',
    409,
    'Somebody has signed up with this phone number since.',
    'phone',
  ),
  ...codeRefusals,
  ...contactUnproven,
  ...limits,
};

const Begun = z.object({
  retry_after: z.nullable(z.int()),
  user_id: z.nullable(z.uuid()),
  password_hash: z.nullable(z.string()),
});

const Settled = z.discriminatedUnion('outcome', [outcome('restored'), ...notRight]);

/**
 * Brings back an account that its owner deleted less than 90 days ago, by the password or by a code of the purpose restore_account. It
 * signs nobody in: that is the next request.
 */
export const restoreAccount = useCase({
  route: 'POST /api/v1/auth/restore-account',
  summary: 'Restore my deleted account',
  access: everyone(),
  status: 204,
  input: z
    .strictObject({
      ...contactFields,
      password: z.optional(anyPassword),
      code: z.optional(sixDigits),
    })
    .check(
      ...exactlyOne,
      z.refine(({ password, code }) => (password === undefined) !== (code === undefined), {
        error: 'give the password or a one-time code',
        path: ['password'],
      }),
    ),
  output: z.void(),
  refusals,
  credentials: true,
  needs: ['keyed-hash'],
  async run({ password, code, ...named }, { db, marketplace }) {
    const contact = await readContact(named, marketplace);
    if (code !== undefined) return byCode(contact, code, db);
    const hash = await attemptsKey(contact);
    const begun = await db.one(
      sql`select * from privacy.begin_restoring(${contact.email}::text, ${contact.phone_hash}::text, ${hash}::text)`,
      Begun,
    );
    if (begun.retry_after !== null) throw tooManyAttempts(begun.retry_after);
    const right = await verifyPassword(password ?? '', begun.password_hash);
    const { restored } = await db.one(
      sql`select privacy.settle_restoring(${begun.user_id}::uuid, ${hash}::text, ${right}::boolean) as restored`,
      z.object({ restored: z.boolean() }),
    );
    if (!restored) throw new Refusal(refusals.invalid_credentials);
  },
});

async function byCode(contact: Contact, code: string, db: Call['db']): Promise<void> {
  const tried = await tryOf(contact, code);
  const settled = await db.one(
    sql`select * from privacy.restore_by_code(${tried.destination_hash}::text, ${tried.code_hash}::text, ${contact.email}::text,
          ${contact.phone_hash}::text)`,
    Settled,
  );
  if (settled.outcome !== 'restored') throw codeRefusal(settled);
}

export const handler = http(restoreAccount);
