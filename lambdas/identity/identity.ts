import * as z from 'zod/mini';
import { count, id, instant, text } from '../kernel/fields.ts';
import { common, Refusal, refuse } from '../kernel/refusal.ts';

// What other modules need of phone numbers.
export { aboutPhone, hashPhone, readNumber, withPhone } from './phones.ts';
// And of Tesla accounts.
export { type Settlement, teslaGrantOf } from './tesla-tokens.ts';

/** An e-mail address, in lower case: nobody can have two accounts that differ in it. */
export const email = z
  .string()
  .check(z.trim(), z.toLowerCase(), z.maxLength(255), z.email(), z.meta({ examples: ['asha@example.com'] }));

/** A phone number as people write it; one without a country code is read as a number of the marketplace's country. */
export const phone = text(4, 30, '+14155550123');

/** At least eight characters, as NIST SP 800-63B asks, and short enough that hashing it is no attack. */
export const password = z
  .string()
  .check(z.minLength(8), z.maxLength(200), z.meta({ examples: ['correct horse battery staple'] }));

/** What is tried may be any text: rules for new passwords do not judge old ones. */
export const anyPassword = z
  .string()
  .check(z.minLength(1), z.maxLength(200), z.meta({ examples: ['correct horse battery staple'] }));

/** A person's name as they write it. */
export const fullName = text(1, 100, 'Asha Rao');

/** BCP 47. */
export const language = z
  .string()
  .check(z.regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/), z.maxLength(10), z.meta({ examples: ['en'] }));

/** What an account can be: 'pending' waits for the proof of its number. */
export const accountStatus = z
  .enum(['pending', 'active', 'suspended', 'banned', 'deleted'])
  .check(z.meta({ examples: ['active'] }));

/** What a person sees of their own account. */
export const Account = z.object({
  id: id('user'),
  full_name: fullName,
  email: z.nullable(email),
  email_verified_at: z.nullable(instant),
  phone: z.nullable(phone),
  phone_verified_at: z.nullable(instant),
  roles: z.array(text(1, 40, 'host')),
  account_status: accountStatus,
  preferred_language: language,
  created_at: instant,
});

/** The same as a row has it: `withPhone` makes the one of the other. */
export const AccountRow = z.extend(z.omit(Account, { phone: true }), {
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});

/** An opaque secret: 32 random bytes. */
export const refreshToken = z
  .string()
  .check(z.regex(/^[\w-]{43}$/), z.meta({ examples: ['q1Zr0kqkXh3dS8mJ7vUoYc2nT5wLgB9eFpA4iRxMsEk'] }));

/** What a client gets to act for somebody. `expires_in` are the seconds of the access token. */
export const Tokens = z.object({
  access_token: text(1, 2000, 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIwMTlhIn0.c2lnbmF0dXJl'),
  token_type: z.literal('Bearer'),
  expires_in: count(1, 3600, 900),
  refresh_token: refreshToken,
});

/** What signing up and signing in answer. */
export const SignedIn = z.extend(Tokens, { user: Account });

/** What a SQL function answers that signs somebody in. */
export const Opened = z.object({ session_id: z.uuid(), account: AccountRow });

/** A row of a SQL function that tells an outcome and nothing else. */
export const outcome = <O extends string>(name: O) => z.object({ outcome: z.literal(name) });

/** What a one-time code is asked for. Each serves its purpose only; a code to reset a password has a route of its own. */
export const codePurpose = z._default(
  z
    .enum([
      'sign_in',
      'sign_up',
      'set_password',
      'start_two_factor',
      'create_token',
      'delete_account',
      'restore_account',
    ])
    .check(z.meta({ examples: ['sign_in'] })),
  'sign_in',
);

/** What a code is shown for that signs in. */
export const signInPurpose = z._default(
  z.enum(['sign_in']).check(z.meta({ examples: ['sign_in'] })),
  'sign_in',
);

/** Seconds for which a one-time code can be used. */
export const CODE_SECONDS = 600;

/** The refusal of whoever proves who they are while the account is suspended. */
export const accountSuspended = { account_suspended: common.account_suspended };

/** Why somebody may not come in: `account_status` is 'suspended', 'banned' or 'deleted'. */
const Suspension = z.object({
  account_status: z.string(),
  reason: z.nullable(z.string()),
  until: z.nullable(instant),
});

/** What a SQL function answers that would have signed somebody in, were the account active. */
export const Refused = z.object({ outcome: z.literal('account_suspended'), suspension: Suspension });

/** Tells the person why, and until when. */
export const suspended = (facts: z.output<typeof Suspension>) =>
  new Refusal(common.account_suspended, { facts });

/** Refuses with the time to wait in Retry-After, as RFC 9110 words it. */
export function tooManyAttempts(seconds: number): Refusal {
  return new Refusal(limits.too_many_attempts, { headers: { 'retry-after': String(seconds) } });
}

export const wrongPassword = refuse('wrong_password', 400, 'The password is wrong.', 'password');

/** Whoever does to accounts what their owners may not. */
export const ownAccount = refuse('own_account', 409, 'Nobody does this to their own account.');

/** Refusals of the routes that draw from a bucket. */
export const limits = {
  too_many_attempts: refuse('too_many_attempts', 429, 'Too many attempts. Wait before you try again.'),
};
