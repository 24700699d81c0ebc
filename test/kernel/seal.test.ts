import { expect, test } from 'vitest';
import { seal, unseal } from '../../lambdas/kernel/seal.ts';

const ABOUT = 'identity.users.phone/019a0e5c-7b1e-7c3a-9d2e-4f6a8b0c1d2e';

test('what is sealed opens for the same purpose, whatever its letters', async () => {
  for (const value of ['+14155550123', '', 'Ünïcödé 😀', 'x'.repeat(10_000)]) {
    expect(await unseal(await seal(value, ABOUT), ABOUT)).toBe(value);
  }
});

test('a sealed value shows nothing of what it holds, and is another each time', async () => {
  const [one, two] = [await seal('+14155550123', ABOUT), await seal('+14155550123', ABOUT)];
  expect(one).not.toBe(two);
  expect(one).not.toContain('4155550123');
});

test('a sealed value that was moved to another row does not open', async () => {
  const sealed = await seal('+14155550123', ABOUT);
  await expect(unseal(sealed, 'identity.users.phone/somebody-else')).rejects.toThrow();
});

test('a sealed value of which a bit was changed does not open', async () => {
  const parts = (await seal('+14155550123', ABOUT)).split('.');
  const body = Buffer.from(parts[3] ?? '', 'base64url');
  body.writeUInt8(body.readUInt8(0) ^ 1, 0);
  const changed = [...parts.slice(0, 3), body.toString('base64url')].join('.');
  await expect(unseal(changed, ABOUT)).rejects.toThrow();
});

test('a value whose key the deployment no longer has says so', async () => {
  const [, , iv, body] = (await seal('x', ABOUT)).split('.');
  await expect(unseal(`1.unknown.${iv}.${body}`, ABOUT)).rejects.toThrow('No data key opens a value');
});
