import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { GatewayRejected, GatewayUnavailable } from '../../../lambdas/money/gateways/gateway.ts';
import { stripe } from '../../../lambdas/money/gateways/stripe.ts';
import { stripeConnect } from '../../../lambdas/money/gateways/stripe-connect.ts';
import { act, eventsOf, forgetKeys, orderFault } from './providers.ts';

const connect = stripeConnect('driveway');

const open = (key = randomUUID()) =>
  connect.createAccount({ country: 'US', email: 'host@example.com', reference: randomUUID(), key });

async function openReady() {
  const account = await open();
  await act('stripe', account.reference, 'onboard');
  return account.reference;
}

test('a provider fills in the form of Stripe, and can then be paid', async () => {
  const key = randomUUID();
  const account = await open(key);
  expect(account).toMatchObject({
    can_receive: false,
    can_be_paid: false,
    is_submitted: false,
    missing: ['external_account', 'tos_acceptance.date'],
  });
  const urls = { return_url: 'https://app.example/done', refresh_url: 'https://app.example/again' };
  const link = await connect.onboardingLink(account.reference, urls);
  expect(link.url).toMatch(/^https:\/\/connect\.stripe\.com\//);
  expect(link.expires_at.getTime()).toBeGreaterThan(Date.now());
  await act('stripe', account.reference, 'onboard');
  expect(await connect.readAccount(account.reference)).toEqual({
    reference: account.reference,
    can_receive: true,
    can_be_paid: true,
    is_submitted: true,
    missing: [],
    disabled_reason: null,
  });
});

test('an event of a connected account is signed with its own secret, and says whose it is', async () => {
  const account = await openReady();
  const [event] = await eventsOf('stripe', account);
  const told = await stripe('driveway').webhook(event?.body ?? '', event?.headers ?? {});
  expect(told).toMatchObject({
    kind: 'account.updated',
    account,
    object: { type: 'account', id: account },
    reference: null,
  });
});

test('a transfer arrives once under its key, also when its answer was lost', async () => {
  const account = await openReady();
  const order = { account, amount: 8500, currency: 'USD', key: randomUUID(), group: 'payout-1' };
  await orderFault('stripe', { path: '/v1/transfers', how: 'cut', after: true });
  await expect(connect.transfer(order)).rejects.toThrow(GatewayUnavailable);
  const transfer = await connect.transfer(order);
  expect(transfer).toMatchObject({ account, amount: 8500, amount_reversed: 0, currency: 'USD' });
  expect(await connect.readTransfer(transfer.reference)).toEqual(transfer);
  await forgetKeys('stripe');
  expect(await connect.transfer(order)).toEqual(transfer);
  expect(await eventsOf('stripe', order.key)).toHaveLength(1);
});

test('nothing can be transferred to whoever has not filled in the form, or to nobody', async () => {
  const { reference: account } = await open();
  const order = { amount: 100, currency: 'USD' };
  await expect(connect.transfer({ ...order, account, key: randomUUID() })).rejects.toMatchObject({
    code: 'insufficient_capabilities_for_transfer',
  });
  await expect(connect.transfer({ ...order, account: 'acct_none', key: randomUUID() })).rejects.toThrow(
    GatewayRejected,
  );
});

test('a transfer is taken back in parts, once under each key, and no more than it was', async () => {
  const account = await openReady();
  const { reference } = await connect.transfer({ account, amount: 1000, currency: 'USD', key: randomUUID() });
  const key = randomUUID();
  const first = await connect.reverseTransfer(reference, 400, key);
  expect(await connect.reverseTransfer(reference, 400, key)).toEqual(first);
  await forgetKeys('stripe');
  expect(await connect.reverseTransfer(reference, 400, key)).toEqual(first);
  expect(await connect.readTransfer(reference)).toMatchObject({ amount_reversed: 400 });
  await expect(connect.reverseTransfer(reference, 601, randomUUID())).rejects.toThrow(GatewayRejected);
});

test('what Stripe paid out of one account is listed, newest first, and nobody else’s', async () => {
  const account = await openReady();
  const other = await openReady();
  await act('stripe', account, 'pay_out', { amount: 500, currency: 'usd' });
  await act('stripe', other, 'pay_out', { amount: 900, currency: 'usd' });
  await act('stripe', account, 'fail_payout', { amount: 1050, currency: 'kwd' });
  expect(await connect.listPayouts(account)).toEqual([
    expect.objectContaining({
      amount: 1050,
      currency: 'KWD',
      status: 'failed',
      failure: { code: 'account_closed', message: 'The bank account has been closed.' },
    }),
    expect.objectContaining({ amount: 500, currency: 'USD', status: 'paid', failure: null }),
  ]);
  expect(await connect.listPayouts(account, { since: new Date(Date.now() + 60_000) })).toEqual([]);
});
