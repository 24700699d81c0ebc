import * as z from 'zod/mini';

/** The dihedral group D5: `MULTIPLY[a][b]` is a after b. */
const MULTIPLY = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
].map(digits);

/** How a digit counts by its place from the right, of which every eighth is alike. */
const PERMUTE = [
  '0123456789',
  '1576283094',
  '5803796142',
  '8916043527',
  '9453126870',
  '4286573901',
  '2793806415',
  '7046913258',
].map(digits);

function digits(text: string): number[] {
  return [...text].map(Number);
}

/** Whether the last digit is the check digit of the others by Verhoeff's scheme, which finds every single wrong or swapped digit. */
export function isVerhoeff(number: string): boolean {
  const sum = digits(number)
    .reverse()
    .reduce((check, digit, place) => MULTIPLY[check]?.[PERMUTE[place % 8]?.[digit] ?? 0] ?? 0, 0);
  return sum === 0;
}

/** An Aadhaar number: twelve digits, in groups or not, none of them beginning with 0 or 1. Leaves without spaces. */
export const aadhaarNumber = z.string().check(
  z.maxLength(20),
  z.overwrite(value => value.replaceAll(/[ -]/g, '')),
  z.regex(/^[2-9][0-9]{11}$/, { error: 'must be an Aadhaar number of twelve digits', abort: true }),
  z.refine(isVerhoeff, { error: 'is not an Aadhaar number: its check digit is wrong' }),
  z.meta({ examples: ['234567890124'] }),
);
