import * as z from 'zod/mini';
import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { keyedHash } from '../kernel/keyed-hash.ts';
import { email, phone } from './identity.ts';
import { hashPhone, readNumber } from './phones.ts';

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

/**
 * An address or a number; the other is null. A number is found by its hash, never by itself. `key` names the contact among all
 * marketplaces.
 */
export type Contact = { email: string | null; phone: string | null; phone_hash: string | null; key: string };

/** An address that an account has, or will. */
export const emailContact = (email: string, marketplace: string): Contact => ({
  email,
  phone: null,
  phone_hash: null,
  key: `${marketplace}/${email}`,
});

/** A number in E.164 that an account has, or will, with the hash by which it is found. */
export const phoneContact = (phone: string, phone_hash: string, marketplace: string): Contact => ({
  email: null,
  phone,
  phone_hash,
  key: `${marketplace}/${phone}`,
});

/** Throws invalid_input that names `phone` when there is no such number. Needs 'keyed-hash'. */
export async function readContact(input: ContactInput, marketplace: Marketplace): Promise<Contact> {
  const number = input.phone === undefined ? null : await readNumber(input.phone, marketplace.country);
  return {
    email: input.email ?? null,
    phone: number,
    phone_hash: number === null ? null : await hashPhone(number, marketplace.slug),
    key: `${marketplace.slug}/${input.email ?? number}`,
  };
}

/** By what attempts at a contact are counted. All numbers and most addresses can be tried out: only a keyed hash hides them. */
export const attemptsKey = async ({ key }: Contact) =>
  (await keyedHash(`attempts:${key}`)).toString('base64url');
