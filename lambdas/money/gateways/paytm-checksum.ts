import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { isSame } from './hmac.ts';

/** Paytm's own, the same for everybody (github.com/paytm/Paytm_Node_Checksum). */
const VECTOR = '@@@@&&&&####$$$$';
const SALT = 4;

const digest = (text: string, salt: string) =>
  createHash('sha256').update(`${text}|${salt}`).digest('hex') + salt;

/** Paytm's checksum of a text: its salted digest, encrypted with the merchant's key. */
export function sign(text: string, key: string): string {
  const salt = randomBytes(3).toString('base64');
  const cipher = createCipheriv('aes-128-cbc', key, VECTOR);
  return cipher.update(digest(text, salt), 'utf8', 'base64') + cipher.final('base64');
}

export function isSigned(text: string, checksum: string, key: string): boolean {
  try {
    const decipher = createDecipheriv('aes-128-cbc', key, VECTOR);
    const plain = decipher.update(checksum, 'base64', 'utf8') + decipher.final('utf8');
    return isSame(plain, digest(text, plain.slice(-SALT)));
  } catch {
    return false;
  }
}

/** The text of a form that is signed: its values, in the order of their names. */
export const textOf = (fields: Readonly<Record<string, string>>) =>
  Object.keys(fields)
    .sort()
    .filter(name => name !== 'CHECKSUMHASH')
    .map(name => fields[name])
    .join('|');
