import { Refusal, refuse } from '../kernel/refusal.ts';
import { hashPassword } from './passwords.ts';

/** Refusals of the routes that take a new password. */
export const passwordRefusals = {
  password_trivial: refuse(
    'password_trivial',
    422,
    'Choose a password that is not a pattern, your name or your address.',
    'password',
  ),
  password_breached: refuse(
    'password_breached',
    422,
    'This password has appeared in data breaches. Choose another.',
    'password',
  ),
};

/** What runs along an alphabet, the digits or a keyboard, either way. */
const RUNS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
];
const BOTH_WAYS = [...RUNS, ...RUNS.map(run => [...run].reverse().join(''))];

/**
 * Refuses a new password that is a pattern, says whose it is, or stands on the list of breached ones (NIST SP 800-63B, 3.1.1.2).
 *
 * @param about what anybody may know of the person: name, address, number, marketplace
 * @throws Refusal password_trivial or password_breached, naming the field
 */
async function judgePassword(password: string, about: readonly (string | null | undefined)[]): Promise<void> {
  const plain = simplify(password);
  if (isPattern(plain) || about.some(fact => saysNothingElse(plain, fact ?? ''))) {
    throw new Refusal(passwordRefusals.password_trivial);
  }
  const { isCommonPassword } = await import('./common-passwords.ts');
  if (isCommonPassword(password.normalize('NFKC'))) throw new Refusal(passwordRefusals.password_breached);
}

/** The hash of a new password that was judged first: see `judgePassword`. */
export async function newPasswordHash(
  password: string,
  about: readonly (string | null | undefined)[],
): Promise<string> {
  await judgePassword(password, about);
  return hashPassword(password);
}

/** One or two characters again and again, a short piece repeated, or pieces of runs: `aaaaaaaa`, `abcabcabc`, `12345678`. */
function isPattern(plain: string): boolean {
  if (new Set(plain).size < 3 || /^(.{1,4})\1+$/s.test(plain)) return true;
  return BOTH_WAYS.some(run => run.includes(plain)) || /^(19|20)\d{6}$/.test(plain);
}

/** The fact itself, its address before the @, or one of its words, with nothing but digits and signs around it. */
function saysNothingElse(plain: string, fact: string): boolean {
  const whole = simplify(fact);
  const words = [whole, simplify(fact.split('@')[0] ?? ''), ...fact.split(/[\s@.]+/).map(simplify)];
  if (whole !== '' && plain === whole) return true;
  const letters = plain.replaceAll(/\d/g, '');
  return words.some(
    word =>
      word.length >= 3 && (plain === word || (letters !== '' && letters === word.replaceAll(/\d/g, ''))),
  );
}

/** Letters and digits of any script in lower case: how a person reads a password aloud. */
const simplify = (text: string) =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
