import { createHash, randomBytes } from 'node:crypto';

/** 32 letters and digits that nobody mistakes for one another. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';
const COUNT = 10;

/** Ten new codes of 80 random bits, as a person writes them down, and the hashes that are stored. */
export function newRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const plain = Array.from({ length: COUNT }, () =>
    Array.from(randomBytes(16), byte => ALPHABET[byte % ALPHABET.length]).join(''),
  );
  return {
    codes: plain.map(code => code.replaceAll(/(.{4})(?=.)/g, '$1-')),
    hashes: plain.map(hashRecoveryCode),
  };
}

/** SHA-256 in hex: 80 random bits are beyond guessing, so a slow hash would protect nothing. Of the code without dashes. */
export const hashRecoveryCode = (code: string) => createHash('sha256').update(code).digest('hex');
