import { keyedHash } from '../kernel/keyed-hash.ts';
import { seal, unseal } from '../kernel/seal.ts';

/**
 * A number in E.164. Throws invalid_input that names `phone`. The library and the numbering plans of the world are 120 KB: they are
 * loaded only by a request that brings a number.
 */
export async function readNumber(text: string, country: string): Promise<string> {
  const { toE164 } = await import('./phone.ts');
  return toE164(text, country);
}

/** What a sealed number is sealed as. The hash holds the marketplace, so that no number opens elsewhere. */
export const aboutPhone = (hash: string) => `identity.users.phone/${hash}`;

/** By what a number is found, and unique in its marketplace. Needs 'keyed-hash'. */
export const hashPhone = async (number: string, marketplace: string) =>
  (await keyedHash(`phone:${marketplace}:${number}`)).toString('base64url');

/** What is stored of a number. Needs 'sealing'. */
export const sealPhone = (number: string, hash: string) => seal(number, aboutPhone(hash));

/** A number as rows hold it. */
export type SealedPhone = { phone_sealed: string | null; phone_hash: string | null };

/** Puts the number itself in the place of what a row holds of it. Needs 'sealing', and calls KMS at most once a Lambda. */
export async function withPhone<R extends SealedPhone>({ phone_sealed, phone_hash, ...rest }: R) {
  const known = phone_sealed !== null && phone_hash !== null;
  return { ...rest, phone: known ? await unseal(phone_sealed, aboutPhone(phone_hash)) : null };
}
