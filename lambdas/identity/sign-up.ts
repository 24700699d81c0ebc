import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, notRightOf, sixDigits, tryOf } from './codes.ts';
import { type Contact, contactFields, emailContact, phoneContact, readContact } from './contact.ts';
import { fullName, limits, Opened, password, SignedIn, tooManyAttempts } from './identity.ts';
import type { OwnCodes } from './own-codes.ts';
import { newPasswordHash, passwordRefusals } from './password-rules.ts';
import { sealPhone } from './phones.ts';
import { answerSignedIn, newRefreshToken } from './tokens.ts';

const Settled = z.discriminatedUnion('outcome', [
  z.extend(Opened, { outcome: z.literal('signed_up') }),
  ...notRightOf(['email_code', 'phone_code']),
]);

/**
 * Makes an account and signs it in. Without a password its owner signs in with one-time codes. Somebody whose address or number stands
 * in an account that has never proven it shows a code of the purpose sign_up, and takes it from there.
 */
export const signUp = useCase({
  route: 'POST /api/v1/auth/signup',
  summary: 'Sign up',
  access: everyone(),
  status: 201,
  input: z
    .strictObject({
      ...contactFields,
      password: z.optional(password),
      email_code: z.optional(sixDigits),
      phone_code: z.optional(sixDigits),
      full_name: fullName,
      roles: z.array(text(1, 40, 'host')).check(z.minLength(1), z.maxLength(10)),
    })
    .check(
      z.refine(input => input.email !== undefined || input.phone !== undefined, {
        error: 'give an e-mail address or a phone number',
        path: ['email'],
      }),
      z.refine(input => input.email !== undefined || input.email_code === undefined, {
        error: 'is for an e-mail address that is given',
        path: ['email_code'],
      }),
      z.refine(input => input.phone !== undefined || input.phone_code === undefined, {
        error: 'is for a phone number that is given',
        path: ['phone_code'],
      }),
    ),
  output: SignedIn,
  refusals: {
    users_email_key: refuse(
      'email_taken',
      409,
      'An account with this e-mail address exists. If you did not make it, show a code of the purpose sign_up.',
      'email',
    ),
    users_phone_key: refuse(
      'phone_taken',
      409,
      'An account with this phone number exists. If you did not make it, show a code of the purpose sign_up.',
      'phone',
    ),
    ...codeRefusals,
    ...passwordRefusals,
    ...limits,
  },
  credentials: true,
  needs: ['token-signing', 'keyed-hash', 'sealing'],
  async run(input, { db, marketplace, now }) {
    requireContacts(input, marketplace);
    const contact = await readContact(input, marketplace);
    const roles = openRoles(input.roles, marketplace);
    const { retry_after } = await db.one(
      sql`select * from identity.begin_sign_up()`,
      z.object({ retry_after: z.nullable(z.int()) }),
    );
    if (retry_after !== null) throw tooManyAttempts(retry_after);
    const about = [input.full_name, contact.email, contact.phone, marketplace.name];
    const hash = input.password === undefined ? null : await newPasswordHash(input.password, about);
    const { phone, phone_hash } = contact;
    const sealed = phone === null || phone_hash === null ? null : await sealPhone(phone, phone_hash);
    const refresh = newRefreshToken();
    const codes = await codesOf(input, contact, marketplace);
    const settled = await db.one(
      sql`select * from identity.sign_up(${input.full_name}::text, ${contact.email}::text, ${sealed}::text,
            ${phone_hash}::text, ${hash}::text, ${roles}::jsonb, ${refresh.hash}::text,
            ${marketplace.pending_until !== undefined}::boolean, ${codes}::jsonb)`,
      Settled,
    );
    if (settled.outcome !== 'signed_up') throw codeRefusal(settled, settled.field);
    return answerSignedIn(settled, refresh.token, marketplace.slug, now);
  },
});

/** The codes that came along, each by its contact. */
async function codesOf(
  input: { email_code?: string; phone_code?: string },
  { email, phone, phone_hash }: Contact,
  { slug }: Marketplace,
): Promise<OwnCodes> {
  const { email_code, phone_code } = input;
  const codes: OwnCodes = {};
  if (email_code !== undefined && email !== null)
    codes.email = await tryOf(emailContact(email, slug), email_code);
  if (phone_code !== undefined && phone !== null && phone_hash !== null) {
    codes.phone = await tryOf(phoneContact(phone, phone_hash, slug), phone_code);
  }
  return codes;
}

/** Throws invalid_input that names each contact without which the marketplace takes nobody. */
function requireContacts(
  input: { email?: string; phone?: string },
  { required_contacts }: Marketplace,
): void {
  const missing = required_contacts.filter(name => input[name] === undefined);
  if (missing.length === 0) return;
  throw new Refusal(common.invalid_input, {
    errors: missing.map(field => ({ field, code: 'required', message: 'is required' })),
  });
}

/** Roles that anybody may take, each once. Throws invalid_input that names `roles`. */
function openRoles(wanted: readonly string[], { roles }: Marketplace): string[] {
  const closed = wanted.find(role => !roles.open.includes(role));
  if (closed === undefined) return [...new Set(wanted)];
  throw new Refusal(common.invalid_input, {
    errors: [{ field: 'roles', code: 'invalid_value', message: `must be of: ${roles.open.join(', ')}` }],
  });
}

export const handler = http(signUp);
