import * as z from 'zod/mini';
import { http } from '../kernel/http.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, contactUnproven, notRight, sixDigits, tryOf } from './codes.ts';
import { attemptsKey, contactFields, exactlyOne, readContact } from './contact.ts';
import { outcome, password } from './identity.ts';
import { newPasswordHash, passwordRefusals } from './password-rules.ts';

const Settled = z.discriminatedUnion('outcome', [outcome('reset'), ...notRight]);

/** Sets a new password by a code, and ends every session and token. A second factor stays. */
export const resetPassword = useCase({
  route: 'POST /api/v1/auth/reset-password',
  summary: 'Set a new password by a code',
  access: everyone(),
  status: 204,
  input: z.strictObject({ ...contactFields, code: sixDigits, password }).check(...exactlyOne),
  output: z.void(),
  refusals: { ...codeRefusals, ...contactUnproven, ...passwordRefusals },
  credentials: true,
  needs: ['keyed-hash'],
  async run(input, { db, marketplace }) {
    const contact = await readContact(input, marketplace);
    const [tried, hash, attempts] = await Promise.all([
      tryOf(contact, input.code),
      newPasswordHash(input.password, [contact.email, contact.phone, marketplace.name]),
      attemptsKey(contact),
    ]);
    const settled = await db.one(
      sql`select * from identity.reset_password(${tried.destination_hash}::text, ${tried.code_hash}::text, ${contact.email}::text,
            ${contact.phone_hash}::text, ${hash}::text, ${attempts}::text)`,
      Settled,
    );
    if (settled.outcome !== 'reset') throw codeRefusal(settled);
  },
});

export const handler = http(resetPassword);
