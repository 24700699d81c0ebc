import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { keyedHash } from '../kernel/keyed-hash.ts';
import { codeOf } from '../kernel/one-time-code.ts';
import { Refusal, refuse } from '../kernel/refusal.ts';
import { sql } from '../kernel/sql.ts';
import type { Call } from '../kernel/use-case.ts';
import { type Contact, contactFields, exactlyOne, readContact } from './contact.ts';
import { CODE_SECONDS, outcome, tooManyAttempts } from './identity.ts';

/** What is stored of a destination: a phone number is short, so a hash without a key would give it away. */
const hashDestination = async (contact: Contact) =>
  (await keyedHash(`otp-destination:${contact.key}`)).toString('base64url');

/** What is stored of a code. It holds the destination, so that a code is worth nothing anywhere else. */
const hashCode = async (contact: Contact, code: string) =>
  (await keyedHash(`otp:${contact.key}:${code}`)).toString('base64url');

/** A code that somebody shows, as the database tries it. */
export type TriedCode = { destination_hash: string; code_hash: string };

/** The hashes of a code that is said to have gone to a contact. Needs 'keyed-hash'. */
export async function tryOf(contact: Contact, code: string): Promise<TriedCode> {
  const [destination_hash, code_hash] = await Promise.all([
    hashDestination(contact),
    hashCode(contact, code),
  ]);
  return { destination_hash, code_hash };
}

/** By which channel a code goes to a number. */
export const codeChannel = z.optional(z.enum(['sms', 'whatsapp']).check(z.meta({ examples: ['sms'] })));

/** A new code for a contact: its id, and the hashes that are stored. */
export async function newCode(contact: Contact) {
  const id = randomUUID();
  const [destination_hash, code] = await Promise.all([hashDestination(contact), codeOf(id)]);
  return { id, destination_hash, code_hash: await hashCode(contact, code) };
}

type Asked = { email?: string; phone?: string; channel?: 'sms' | 'whatsapp' };

/** The fields of a request for a code. */
export const askFields = { ...contactFields, channel: codeChannel };

/** Checks that there is one destination, and a channel for a number only. */
export const askChecks = [
  ...exactlyOne,
  z.refine<Asked>(input => input.phone !== undefined || input.channel === undefined, {
    error: 'is for phone numbers only',
    path: ['channel'],
  }),
] as const;

/** Sends a code to an address or a number that has an account. The answer is the same where none has. Needs 'keyed-hash'. */
export async function sendCode(input: Asked, purpose: string, { db, marketplace }: Call) {
  const contact = await readContact(input, marketplace);
  const channel = contact.phone === null ? 'email' : (input.channel ?? 'sms');
  const code = await newCode(contact);
  const { retry_after } = await db.one(
    sql`select * from identity.request_code(${code.id}::uuid, ${code.destination_hash}::text, ${code.code_hash}::text,
          ${contact.email}::text, ${contact.phone_hash}::text, ${channel}::text, ${purpose}::text)`,
    z.object({ retry_after: z.nullable(z.int()) }),
  );
  if (retry_after !== null) throw tooManyAttempts(retry_after);
  return { expires_in: CODE_SECONDS };
}

/** A one-time code, or one of an authenticator app. */
export const sixDigits = z
  .string()
  .check(z.regex(/^\d{6}$/, { error: 'must be six digits' }), z.meta({ examples: ['042137'] }));

/** Refusals of the routes that take a one-time code. */
export const codeRefusals = {
  wrong_code: refuse('wrong_code', 400, 'The code is wrong.', 'code'),
  code_expired: refuse('code_expired', 410, 'No code is waiting here any more. Ask for a new one.', 'code'),
};

/** Refusals of the routes at which a code proves a contact. */
export const contactUnproven = {
  contact_unproven: refuse(
    'contact_unproven',
    403,
    'This address or number is not confirmed yet. Sign in another way and confirm it from there.',
  ),
};

/** The outcomes of a code that is not right, for the union of a use case's own. */
export const notRight = [
  z.object({ outcome: z.literal('wrong_code'), attempts_left: z.int() }),
  outcome('code_expired'),
  outcome('contact_unproven'),
] as const;

/** The same for a use case that takes several codes: `field` names the one that is not right. */
export function notRightOf<const F extends readonly [string, ...string[]]>(fields: F) {
  const field = z.enum(fields);
  const [wrong, expired, unproven] = notRight;
  return [z.extend(wrong, { field }), z.extend(expired, { field }), z.extend(unproven, { field })] as const;
}

/** Why a code was refused. A wrong one is told how many attempts are left. */
export function codeRefusal(tried: z.output<(typeof notRight)[number]>, field = 'code'): Refusal {
  if (tried.outcome === 'contact_unproven') return new Refusal(contactUnproven.contact_unproven);
  if (tried.outcome === 'code_expired') {
    const { code, message } = codeRefusals.code_expired;
    return new Refusal(codeRefusals.code_expired, { errors: [{ field, code, message }] });
  }
  const message = `is wrong; attempts left: ${tried.attempts_left}`;
  return new Refusal(codeRefusals.wrong_code, {
    errors: [{ field, code: 'wrong_code', message }],
    facts: { attempts_left: tried.attempts_left },
  });
}
