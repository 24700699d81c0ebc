import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { text } from '../kernel/fields.ts';
import { http } from '../kernel/http.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import { everyone, useCase } from '../kernel/use-case.ts';
import { contactFields, readContact } from './contact.ts';
import { fullName, limits, Opened, password, SignedIn, tooManyAttempts } from './identity.ts';
import { newPasswordHash, passwordRefusals } from './password-rules.ts';
import { sealPhone } from './phones.ts';
import { answerSignedIn, newRefreshToken } from './tokens.ts';

/** Makes an account and signs it in. Without a password its owner signs in with one-time codes. */
export const signUp = useCase({
  route: 'POST /api/v1/auth/signup',
  summary: 'Sign up',
  access: everyone(),
  status: 201,
  input: z
    .strictObject({
      ...contactFields,
      password: z.optional(password),
      full_name: fullName,
      roles: z.array(text(1, 40, 'host')).check(z.minLength(1), z.maxLength(10)),
    })
    .check(
      z.refine(input => input.email !== undefined || input.phone !== undefined, {
        error: 'give an e-mail address or a phone number',
        path: ['email'],
      }),
    ),
  output: SignedIn,
  refusals: {
    users_email_key: refuse('email_taken', 409, 'An account with this e-mail address exists.', 'email'),
    users_phone_key: refuse('phone_taken', 409, 'An account with this phone number exists.', 'phone'),
    ...passwordRefusals,
    ...limits,
  },
  credentials: true,
  needs: ['token-signing', 'keyed-hash', 'sealing'],
  async run(input, { db, marketplace, now }) {
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
    const opened = await db.one(
      sql`select * from identity.sign_up(${input.full_name}::text, ${contact.email}::text, ${sealed}::text,
            ${phone_hash}::text, ${hash}::text, ${roles}::jsonb, ${refresh.hash}::text,
            ${marketplace.pending_until !== undefined}::boolean)`,
      Opened,
    );
    return answerSignedIn(opened, refresh.token, marketplace.slug, now);
  },
});

/** Roles that anybody may take, each once. Throws invalid_input that names `roles`. */
export function openRoles(wanted: readonly string[], { roles }: Marketplace): string[] {
  const closed = wanted.find(role => !roles.open.includes(role));
  if (closed === undefined) return [...new Set(wanted)];
  throw new Refusal(common.invalid_input, {
    errors: [{ field: 'roles', code: 'invalid_value', message: `must be of: ${roles.open.join(', ')}` }],
  });
}

export const handler = http(signUp);
