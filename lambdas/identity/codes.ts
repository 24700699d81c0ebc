import { keyedHash } from '../kernel/keyed-hash.ts';
import type { Contact } from './contact.ts';

/** What is stored of a destination: a phone number is short, so a hash without a key would give it away. */
export const hashDestination = async (contact: Contact) =>
  (await keyedHash(`otp-destination:${contact.key}`)).toString('base64url');

/** What is stored of a code. It holds the destination, so that a code is worth nothing anywhere else. */
export const hashCode = async (contact: Contact, code: string) =>
  (await keyedHash(`otp:${contact.key}:${code}`)).toString('base64url');
