import { expect, test } from 'vitest';
import { razorpay } from '../../lambdas/money/gateways/razorpay.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { referenceOf } from './after.ts';
import { act, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { attemptsOf, breaches, INITIATE, postedFor, shown, tell } from './pay.ts';

/** Starts the payment of a top-up, the simplest thing that is paid for. */
async function started(person: Person, more: Record<string, unknown> = {}, amount = 90_000) {
  const { body: topup } = await person.post('/api/v1/wallet/top-ups', { amount });
  const { status, body } = await person.post(INITIATE, { topup_id: topup.id, ...more });
  if (status !== 201) throw new Error(`The payment was answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

test.each([undefined, 'card', 'gcash', 'maya'])(
  'PayMongo takes a payment by %s, and its webhook settles it',
  async method => {
    const person = await signUp('spacall', { roles: ['customer'] });
    const payment = await started(person, { method, return_url: 'https://app.example/paid' });
    expect(payment).toMatchObject({ gateway: 'paymongo', currency: 'PHP', status: 'pending' });
    expect(payment.client.redirect_url === null).toBe(method !== 'gcash' && method !== 'maya');
    const reference = await referenceOf(payment);
    await act('paymongo', reference, 'succeed');
    expect(await tell('paymongo', 'spacall', reference)).toContain(200);
    await deliverEvents();
    expect(await shown(person, payment)).toMatchObject({ status: 'succeeded', captured_amount: 90_000 });
    expect((await balancesOf(person.id)).wallet).toBe(90_000);
    await tell('paymongo', 'spacall', reference);
    await deliverEvents();
    expect((await balancesOf(person.id)).wallet).toBe(90_000);
    expect((await person.get('/api/v1/transactions')).body.items[0].payment_method).toBe(method ?? 'card');
  },
);

test('what PayMongo’s bank declines fails, and the same form takes another card', async () => {
  const person = await signUp('spacall', { roles: ['customer'] });
  const payment = await started(person);
  const reference = await referenceOf(payment);
  await act('paymongo', reference, 'decline', { code: 'insufficient_funds' });
  await tell('paymongo', 'spacall', reference);
  await deliverEvents();
  expect(await shown(person, payment)).toMatchObject({ status: 'failed', failed_at: expect.any(String) });
  await act('paymongo', reference, 'succeed');
  await tell('paymongo', 'spacall', reference);
  await deliverEvents();
  expect((await shown(person, payment)).status).toBe('succeeded');
  expect(await breaches()).toEqual([]);
});

test('the callback of Bolt’s checkout settles a payment without a webhook', async () => {
  const person = await signUp('recovery', { roles: ['customer'] });
  const payment = await started(person, {}, 5000);
  const [{ id: key }] = await attemptsOf(payment);
  const fields = await act('bolt', key, 'succeed');
  const answer = await person.post('/api/v1/payments/callback', { gateway: 'bolt', fields });
  expect(answer).toMatchObject({ status: 200, body: { status: 'succeeded' } });
  await tell('bolt', 'recovery', key);
  await deliverEvents();
  expect(await postedFor(payment)).toEqual({
    payment: { held: 5000, gateway_clearing: -5000 },
    wallet_topup: { held: -5000, wallet: 5000 },
  });
});

test.each(['upi', 'card', 'netbanking', 'wallet'])(
  'where Razorpay is down, the next try goes to Paytm by %s and its webhook settles it',
  async method => {
    const person = await signUp('homigo', { roles: ['tenant'] });
    await orderFault('razorpay', { path: '/v1/orders', status: 503, body: {} });
    const first = await started(person, { method }, 25_000);
    expect(first).toMatchObject({ gateway: 'razorpay', status: 'pending', client: null });
    const { body: second } = await person.post(INITIATE, { topup_id: first.subject_id, method });
    expect(second).toMatchObject({
      id: first.id,
      gateway: 'paytm',
      client: { txn_token: expect.any(String) },
    });
    const reference = await referenceOf(second);
    await act('paytm', reference, 'succeed');
    expect(await tell('paytm', 'homigo', reference)).toContain(200);
    await deliverEvents();
    expect(await shown(person, second)).toMatchObject({ status: 'succeeded', gateway: 'paytm' });
    expect((await balancesOf(person.id)).wallet).toBe(25_000);
    expect(await breaches()).toEqual([]);
  },
);

test('what comes in at Razorpay after all goes back', async () => {
  const person = await signUp('homigo', { roles: ['tenant'] });
  // The order was made, but its answer was lost.
  await orderFault('razorpay', { path: '/v1/orders', how: 'cut', after: true });
  const first = await started(person, {}, 25_000);
  const { body: second } = await person.post(INITIATE, { topup_id: first.subject_id });
  await act('paytm', await referenceOf(second), 'succeed');
  const [{ id: key }] = await attemptsOf(first);
  const order = await razorpay('homigo').find?.(key);
  await act('razorpay', order?.reference ?? '', 'succeed');
  await tell('razorpay', 'homigo', order?.reference ?? '');
  await tell('paytm', 'homigo', await referenceOf(second));
  await deliverEvents();
  expect((await balancesOf(person.id)).wallet).toBe(25_000);
  expect(await attemptsOf(second)).toMatchObject([
    { gateway: 'razorpay', status: 'captured', is_current: false },
    { gateway: 'paytm', status: 'captured' },
  ]);
  expect((await shown(person, second)).refunds).toMatchObject([{ reason: 'paid_too_late', amount: 25_000 }]);
  expect(await breaches()).toEqual([]);
});
