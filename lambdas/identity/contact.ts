import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { email, phone } from './identity.ts';

/** The fields by which somebody names an account. */
export const contactFields = { email: z.optional(email), phone: z.optional(phone) };

type ContactInput = { email?: string; phone?: string };

/** Checks that one of the two is there, and not both. */
export const exactlyOne = [
  z.refine<ContactInput>(input => input.email !== undefined || input.phone !== undefined, {
    error: 'give an e-mail address or a phone number',
    path: ['email'],
  }),
  z.refine<ContactInput>(input => input.email === undefined || input.phone === undefined, {
    error: 'must not be given beside an e-mail address',
    path: ['phone'],
  }),
] as const;

/** An address or a number as it is stored; the other is null. `key` names it among all marketplaces. */
export type Contact = { email: string | null; phone: string | null; key: string };

/** Throws invalid_input that names `phone` when there is no such number. */
export async function readContact(input: ContactInput, marketplace: Marketplace): Promise<Contact> {
  const number = input.phone === undefined ? null : await normalise(input.phone, marketplace.country);
  return {
    email: input.email ?? null,
    phone: number,
    key: `${marketplace.slug}/${input.email ?? number}`,
  };
}

/** The library and the numbering plans of the world are 120 KB: they are loaded only by a request that needs them. */
async function normalise(text: string, country: string): Promise<string> {
  const { toE164 } = await import('./phone.ts');
  return toE164(text, country);
}

/** A bucket's name must not show whose it is. */
export const hashOf = (contact: Contact) => createHash('sha256').update(contact.key).digest('base64url');
