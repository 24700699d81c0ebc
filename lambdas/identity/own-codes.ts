import type { Marketplace } from '../../marketplaces/marketplace.ts';
import { type TriedCode, tryOf } from './codes.ts';
import { emailContact, phoneContact } from './contact.ts';
import { type SealedPhone, withPhone } from './phones.ts';

/** A code as it may have gone to the e-mail address and to the number of an account. */
export type OwnCodes = { email?: TriedCode; phone?: TriedCode };

/**
 * A code that somebody shows in a session, as `identity.try_own_code` takes it: by each contact to which it may have gone. Needs
 * 'keyed-hash' and 'sealing'.
 */
export async function ownCodes(
  code: string,
  contacts: SealedPhone & { email: string | null },
  { slug }: Marketplace,
): Promise<OwnCodes> {
  const { phone_hash } = contacts;
  const { email, phone } = await withPhone(contacts);
  const [byEmail, byPhone] = await Promise.all([
    email === null ? null : tryOf(emailContact(email, slug), code),
    phone === null || phone_hash === null ? null : tryOf(phoneContact(phone, phone_hash, slug), code),
  ]);
  return { ...(byEmail && { email: byEmail }), ...(byPhone && { phone: byPhone }) };
}
