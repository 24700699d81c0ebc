import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { Account } from '../../../lambdas/money/gateways/account.ts';

test('a marketplace with an account of its own uses no other', async () => {
  const account = new Account('MONEY_SEPARATE_SECRET_ARN', z.object({ key: z.string() }));
  expect(await account.of('spacall')).toEqual({ key: 'of Spacall' });
  expect(await account.of('homigo')).toEqual({ key: 'of Homigo' });
  await expect(account.of('driveway')).rejects.toThrow('There is no account for driveway.');
});

test('one account serves all marketplaces', async () => {
  const account = new Account('MONEY_STRIPE_SECRET_ARN', z.object({ secret_key: z.string() }));
  expect(await account.of('driveway')).toEqual(await account.of('spacall'));
});

test('a secret of another shape is refused', async () => {
  const account = new Account('MONEY_STRIPE_SECRET_ARN', z.object({ merchant_key: z.string() }));
  await expect(account.of('driveway')).rejects.toThrow();
});
