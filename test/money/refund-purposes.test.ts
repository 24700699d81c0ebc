import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs } from '../booking/bookings.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { over, refund } from './after.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { breaches, CARD, INITIATE, shown } from './pay.ts';

let finance: Person;
beforeAll(async () => {
  finance = await signUpStaff('driveway', 'admin');
});

test('an order is refunded as credits, in whole ones, and the statement names the order', async () => {
  const customer = await signUp('recovery', { roles: ['customer'] });
  const staff = await signUpStaff('recovery', 'admin');
  await topUp(customer.id, 20_000, 'recovery');
  const items = [
    { code: 'session', payer: 'customer', payee: 'platform', amount: 15_000 },
    { code: 'towels', payer: 'customer', payee: 'platform', amount: 550 },
  ];
  const wanted = { description: 'Four sessions', items };
  const [order] = await actAs(customer, sql`select id, amount from money.open_order(${wanted}::jsonb)`);
  const { body: payment } = await customer.post(INITIATE, { order_id: order.id, use_wallet: true });
  expect(payment).toMatchObject({ purpose: 'order', status: 'succeeded' });
  const { body } = await refund(staff, payment, { items: [{ line: 'towels', amount: 550 }], to: 'credits' });
  expect(body).toMatchObject({
    items: [{ line: 'towels', payee: 'platform', amount: 550 }],
    refunds: [
      { method: 'wallet', amount: 50 },
      { method: 'credits', amount: 500 },
    ],
  });
  expect((await customer.get('/api/v1/credits/entries')).body.items).toMatchObject([
    { type: 'refunded', amount: 5, balance_after: 5, reference_type: 'order', reference_id: order.id },
  ]);
  expect(await shown(customer, payment)).toMatchObject({
    status: 'partially_refunded',
    refunded_amount: 550,
  });
});

test('a tip goes back from the provider, by its amount', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const host = await signUp('driveway', { roles: ['host'] });
  const { booking } = await over(driver, host);
  const { body: tip } = await driver.post(`/api/v1/bookings/${booking.id}/tip`, { amount: 400 });
  const { body: payment } = await driver.post(INITIATE, { tip_id: tip.id, ...CARD });
  expect((await balancesOf(host.id)).provider_payable).toBe(1400);
  const { body } = await refund(finance, payment, { amount: 150 });
  expect(body.items).toEqual([{ line: 'tip', payee: 'provider', amount: 150 }]);
  expect((await refund(finance, payment, { items: [{ line: 'tip', amount: 251 }] })).body.code).toBe(
    'refund_too_large',
  );
  expect((await refund(finance, payment, { items: [{ line: 'tip', amount: 250 }] })).status).toBe(201);
  await deliverEvents();
  expect((await balancesOf(host.id)).provider_payable).toBe(1000);
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 400 });
  expect(await breaches()).toEqual([]);
});

test('a top-up goes back as far as it was not spent', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  const { body: topup } = await driver.post('/api/v1/wallet/top-ups', { amount: 2000 });
  const { body: payment } = await driver.post(INITIATE, { topup_id: topup.id, ...CARD });
  expect(payment.status).toBe('succeeded');
  const spent = [
    { account: 'wallet', user_id: driver.id, amount: -700 },
    { account: 'platform_revenue', amount: 700 },
  ];
  await post({ entries: spent });
  expect(await refund(finance, payment, { amount: 1301 })).toMatchObject({
    status: 409,
    body: { code: 'already_spent' },
  });
  expect((await refund(finance, payment, { amount: 1300 })).status).toBe(201);
  await deliverEvents();
  expect(await balancesOf(driver.id)).toMatchObject({ wallet: 0, held: 0 });
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 1300 });
  expect(await breaches()).toEqual([]);
});
