import * as z from 'zod/mini';
import { refuse } from '../kernel/refusal.ts';
import { unseal } from '../kernel/seal.ts';
import { sql } from '../kernel/sql.ts';
import type { SignedInCall } from '../kernel/use-case.ts';
import { codeRefusal, codeRefusals, newCode, notRightOf, sixDigits, tryOf } from './codes.ts';
import { type Contact, emailContact, phoneContact, readContact } from './contact.ts';
import { AccountRow, aboutPhone, CODE_SECONDS, limits, tooManyAttempts } from './identity.ts';
import { sealPhone, withPhone } from './phones.ts';

type Kind = 'email' | 'phone';

/** Refusals of the routes that begin a change. */
export const beginRefusals = {
  contact_unchanged: refuse('contact_unchanged', 409, 'Your account has this address or number already.'),
  ...limits,
};

/** Refusals of the routes that confirm one. That somebody else has proven the contact is told to who has shown a code of it. */
export const confirmRefusals = {
  ...codeRefusals,
  users_email_key: refuse('email_taken', 409, 'Another account has proven this e-mail address.', 'email'),
  users_phone_key: refuse('phone_taken', 409, 'Another account has proven this phone number.', 'phone'),
};

/** The fields of a confirmation: the code of the new end, and the one of the former, or of the other contact, where one is proven. */
export const confirmFields = { code: sixDigits, old_code: z.optional(sixDigits) };

const Own = z.object({
  email: z.nullable(z.string()),
  phone_sealed: z.nullable(z.string()),
  phone_hash: z.nullable(z.string()),
});

/** Begins a change: codes go to both ends. Needs 'keyed-hash' and 'sealing'. */
export async function beginChange(
  kind: Kind,
  input: { email?: string; phone?: string; channel?: 'sms' | 'whatsapp' },
  { db, marketplace, actor }: SignedInCall,
) {
  const contact = await readContact(input, marketplace);
  const { email, phone, phone_hash } = contact;
  const sealed = phone !== null && phone_hash !== null ? await sealPhone(phone, phone_hash) : null;
  const own = await db.one(
    sql`select email, phone_sealed, phone_hash from identity.users where id = ${actor}::uuid`,
    Own,
  );
  const [next, byEmail, byPhone] = await Promise.all([
    newCode(contact),
    codeFor(await openEnd(own.email, null, marketplace.slug)),
    codeFor(await openEnd(own.phone_sealed, own.phone_hash, marketplace.slug)),
  ]);
  const numbers = input.channel ?? 'sms';
  const newCodeRow = { ...next, channel: kind === 'email' ? 'email' : numbers };
  const oldCodes = {
    ...(byEmail && { email: { ...byEmail, channel: 'email' } }),
    ...(byPhone && { phone: { ...byPhone, channel: numbers } }),
  };
  const { retry_after } = await db.one(
    sql`select * from identity.begin_contact_change(${kind}::text, ${email ?? sealed}::text, ${phone_hash}::text,
          ${newCodeRow}::jsonb, ${oldCodes}::jsonb)`,
    z.object({ retry_after: z.nullable(z.int()) }),
  );
  if (retry_after !== null) throw tooManyAttempts(retry_after);
  return { expires_in: CODE_SECONDS };
}

const Open = z.object({
  old_destination: z.nullable(z.string()),
  old_hash: z.nullable(z.string()),
  new_destination: z.string(),
  new_hash: z.nullable(z.string()),
});

const Settled = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('changed'), account: AccountRow }),
  ...notRightOf(['code', 'old_code']),
]);

/** Confirms a change by the codes of both ends, and shows the account. Needs 'keyed-hash' and 'sealing'. */
export async function confirmChange(
  kind: Kind,
  input: { code: string; old_code?: string },
  { db, marketplace }: SignedInCall,
) {
  const open = await db.maybeOne(sql`select * from identity.open_contact_change(${kind}::text)`, Open);
  if (open === null) throw codeRefusal({ outcome: 'code_expired' });
  const [next, last] = await Promise.all([
    openEnd(open.new_destination, open.new_hash, marketplace.slug),
    openEnd(open.old_destination, open.old_hash, marketplace.slug),
  ]);
  const tried = await Promise.all([
    next && tryOf(next, input.code),
    last && tryOf(last, input.old_code ?? ''),
  ]);
  const settled = await db.one(
    sql`select * from identity.confirm_contact_change(${kind}::text, ${tried[0]}::jsonb, ${tried[1]}::jsonb)`,
    Settled,
  );
  if (settled.outcome !== 'changed') throw codeRefusal(settled, settled.field);
  return withPhone(settled.account);
}

/** One end of a change as a contact, or null where there is none. A number has a hash, under which it is sealed. */
async function openEnd(
  destination: string | null,
  hash: string | null,
  marketplace: string,
): Promise<Contact | null> {
  if (destination === null) return null;
  if (hash === null) return emailContact(destination, marketplace);
  return phoneContact(await unseal(destination, aboutPhone(hash)), hash, marketplace);
}

const codeFor = async (contact: Contact | null) => contact && newCode(contact);
