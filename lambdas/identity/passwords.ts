import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2);

/** OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. A hash takes some 25 ms of one CPU. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 };
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

/** Verified where there is no account, so that the answer takes as long: its password is not known to anybody. */
const NOBODY = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** The hash of a password in PHC form, `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with a salt of 16 bytes. */
export async function hashPassword(password: string): Promise<string> {
  const nonce = randomBytes(16);
  const hash = await derive('argon2id', { message: normal(password), nonce, tagLength: 32, ...COST });
  const { memory, passes, parallelism } = COST;
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${base64(nonce)}$${base64(hash)}`;
}

/** Whether this is the password of the hash. Takes the same time for `null`, which no password fits. */
export async function verifyPassword(password: string, encoded: string | null): Promise<boolean> {
  const [, memory, passes, parallelism, salt = '', hash = ''] = PHC.exec(encoded ?? NOBODY) ?? [];
  const expected = Buffer.from(hash, 'base64');
  const derived = await derive('argon2id', {
    message: normal(password),
    nonce: Buffer.from(salt, 'base64'),
    tagLength: expected.length,
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
  });
  return encoded !== null && timingSafeEqual(derived, expected);
}

/** One password typed on two keyboards may come in two forms of Unicode. */
const normal = (password: string) => password.normalize('NFKC');

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
