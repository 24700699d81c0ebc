import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { razorpay } from '../../../lambdas/money/gateways/razorpay.ts';
import { payoutAccountOf } from '../../../lambdas/money/gateways/razorpay-client.ts';
import { razorpayPayouts } from '../../../lambdas/money/gateways/razorpay-payouts.ts';
import { act, eventsOf, forgetKeys, orderFault } from './providers.ts';

const payouts = razorpayPayouts('handie');

const accountOf = (more: Record<string, string> = {}) => ({
  reference: randomUUID(),
  name: 'Asha Rao',
  account_number: '50100123456789',
  ifsc: 'HDFC0001234',
  ...more,
});
const payoutOf = async (amount = 90_000) => ({
  account: await payouts.openAccount(accountOf()),
  amount,
  currency: 'INR',
  key: `${randomUUID()}-1`,
  description: 'HND-PO-2026-000001',
});
/** What RazorpayX was asked for, as its event tells it. */
const askedFor = async (reference: string) => {
  const [event] = await eventsOf('razorpay', reference);
  return JSON.parse(event?.body ?? '{}').payload.payout.entity;
};

test('an account is known by one name, however often it is told, and whatever its owner is called', async () => {
  const account = accountOf();
  expect(await payouts.openAccount(account)).toBe(await payouts.openAccount(account));
  expect(await payouts.openAccount(account)).not.toBe(await payouts.openAccount(accountOf()));
  for (const name of ['आशा राव', '🙂', 'Jo', `Zoë & Söhne ${'x'.repeat(60)}!`])
    expect(await payouts.openAccount(accountOf({ name }))).toMatch(/^fa_/);
  await expect(payouts.openAccount(accountOf({ ifsc: 'HDFC1' }))).rejects.toMatchObject({
    name: 'GatewayRejected',
  });
});

test('a payout is made once under its key, in whole words, and found by it when the keys are forgotten', async () => {
  const payout = await payoutOf();
  await orderFault('razorpay', { path: '/v1/payouts', method: 'POST', how: 'cut', after: true });
  await expect(payouts.payOut(payout)).rejects.toMatchObject({ name: 'GatewayUnavailable' });
  const made = await payouts.payOut(payout);
  expect(made).toMatchObject({ status: 'processing', bank_reference: null, fee: 590, failure: null });
  await forgetKeys('razorpay');
  expect(await payouts.find(payout.key)).toEqual(made);
  expect(await payouts.find(`${randomUUID()}-1`)).toBeNull();
  expect(await askedFor(made.reference)).toMatchObject({
    mode: 'IMPS',
    amount: 90_000,
    reference_id: payout.key,
    narration: 'HND PO 2026 000001',
  });
  await expect(payouts.payOut({ ...payout, amount: 50 })).rejects.toMatchObject({ name: 'GatewayRejected' });
});

test.each([
  [50_000_000, 'IMPS'],
  [50_000_001, 'NEFT'],
])('%i paise go by %s', async (amount, mode) => {
  const made = await payouts.payOut(await payoutOf(amount));
  expect((await askedFor(made.reference)).mode).toBe(mode);
});

test('its webhook names the payout and our key, under a secret of its own', async () => {
  const payout = await payoutOf();
  const { reference } = await payouts.payOut(payout);
  await act('razorpay', reference, 'process');
  const told = (await eventsOf('razorpay', reference)).at(-1);
  const gateway = razorpay('handie');
  expect(await gateway.webhook(told?.body ?? '', told?.headers ?? {})).toMatchObject({
    kind: 'payout.processed',
    reference: null,
    object: { type: 'payout', id: reference },
    key: payout.key,
  });
  const forged = { ...told?.headers, 'x-razorpay-signature': '0'.repeat(64) };
  await expect(gateway.webhook(told?.body ?? '', forged)).rejects.toMatchObject({ name: 'SignatureError' });
  expect(await payouts.read(reference)).toMatchObject({ status: 'paid', bank_reference: expect.any(String) });
});

test('no answer, 5xx, a limit and refused credentials leave the outcome open', async () => {
  const payout = await payoutOf();
  await orderFault('razorpay', { path: '/v1/payouts', method: 'POST', how: 'hang' });
  const open = { name: 'GatewayUnavailable' };
  await expect(razorpayPayouts('handie', 150).payOut(payout)).rejects.toMatchObject(open);
  for (const status of [401, 409, 429, 500, 502]) {
    await orderFault('razorpay', { path: '/v1/payouts', method: 'POST', status, body: {} });
    await expect(payouts.payOut(payout)).rejects.toMatchObject(open);
  }
  expect(await payouts.payOut(payout)).toMatchObject({ status: 'processing' });
  expect(await payoutAccountOf('handie')).toBe('7878780080316316');
});
