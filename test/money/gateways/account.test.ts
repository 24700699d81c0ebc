import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { Account } from '../../../lambdas/money/gateways/account.ts';

test('a marketplace with an account of its own uses no other', async () => {
  const account = new Account('stripe', 'MONEY_SEPARATE_SECRET_ARN', z.object({ key: z.string() }));
  expect(await account.of('spacall')).toEqual({ key: 'of Spacall' });
  expect(await account.of('homigo')).toEqual({ key: 'of Homigo' });
  await expect(account.of('driveway')).rejects.toThrow(
    'There is no account for driveway, or it is not filled in.',
  );
});

test('one account serves all marketplaces', async () => {
  const account = new Account('stripe', 'MONEY_STRIPE_SECRET_ARN', z.object({ secret_key: z.string() }));
  expect(await account.of('driveway')).toEqual(await account.of('spacall'));
});

test('a secret of another shape is refused', async () => {
  const account = new Account('stripe', 'MONEY_STRIPE_SECRET_ARN', z.object({ merchant_key: z.string() }));
  await expect(account.of('driveway')).rejects.toThrow();
});

test('an account whose fields wait to be filled in is none, and an optional one of them is not there', async () => {
  const secret = 'MONEY_UNFILLED_SECRET_ARN';
  const required = z.object({ secret_key: z.string(), webhook_secret: z.string() });
  await expect(new Account('stripe', secret, required).of('driveway')).rejects.toMatchObject({
    name: 'GatewayUnavailable',
    code: 'not_configured',
  });
  const optional = z.object({ secret_key: z.string(), webhook_secret: z.optional(z.string()) });
  expect(await new Account('stripe', secret, optional).of('driveway')).toEqual({ secret_key: 'generated' });
});
