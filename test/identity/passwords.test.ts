import { argon2Sync } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../lambdas/identity/passwords.ts';

test('a hash fits its password and no other', async () => {
  const hash = await hashPassword('correct horse');
  expect(await verifyPassword('correct horse', hash)).toBe(true);
  expect(await verifyPassword('correct horsf', hash)).toBe(false);
  expect(await verifyPassword('', hash)).toBe(false);
});

test('two hashes of one password differ, for each has a salt of its own', async () => {
  expect(await hashPassword('correct horse')).not.toBe(await hashPassword('correct horse'));
});

test('the hash is argon2id with the parameters that OWASP asks for', async () => {
  const hash = await hashPassword('correct horse');
  const [, , version, cost, salt = '', key = ''] = hash.split('$');
  expect([version, cost]).toEqual(['v=19', 'm=19456,t=2,p=1']);
  const nonce = Buffer.from(salt, 'base64');
  const parameters = {
    message: 'correct horse',
    nonce,
    parallelism: 1,
    memory: 19_456,
    passes: 2,
    tagLength: 32,
  };
  expect(nonce).toHaveLength(16);
  expect(argon2Sync('argon2id', parameters)).toEqual(Buffer.from(key, 'base64'));
});

test('one password in two forms of Unicode is one password', async () => {
  expect(await verifyPassword('cafe\u0301 au lait', await hashPassword('café au lait'))).toBe(true);
});

test('a hash made at another cost still verifies', async () => {
  const nonce = Buffer.alloc(16, 7);
  const parameters = { message: 'old', nonce, parallelism: 1, memory: 8_192, passes: 1, tagLength: 32 };
  const parts = [nonce, argon2Sync('argon2id', parameters)].map(bytes =>
    bytes.toString('base64').replace(/=+$/, ''),
  );
  expect(await verifyPassword('old', `$argon2id$v=19$m=8192,t=1,p=1$${parts.join('$')}`)).toBe(true);
});

test('no password fits an account without one, and finding out takes as long', async () => {
  const hash = await hashPassword('correct horse');
  const timed = async (encoded: string | null) => {
    const started = performance.now();
    for (let round = 0; round < 5; round += 1) expect(await verifyPassword('wrong', encoded)).toBe(false);
    return performance.now() - started;
  };
  const ratio = (await timed(null)) / (await timed(hash));
  expect(ratio).toBeGreaterThan(0.3);
  expect(ratio).toBeLessThan(3);
});
