import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes, placed } from '../booking/bookings.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { complete, movedBy, over, paid, paidOut, REASON, refund, refundsOf } from './after.ts';
import { balancesOf, topUp } from './ledger.ts';
import { breaches, CARD, initiated, shown } from './pay.ts';

let driver: Person;
let host: Person;
let finance: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  finance = await signUpStaff('driveway', 'admin');
});

const balance = async (person: Person, kind: string) => (await balancesOf(person.id))[kind] ?? 0;

test('a part of a line goes back to the card, and its provider bears it', async () => {
  const { booking, payment } = await over(driver, host);
  const earned = await balance(host, 'provider_payable');
  const answer = await refund(finance, payment, { items: [{ line: 'parking', amount: 300 }] });
  expect(answer).toMatchObject({
    status: 201,
    body: {
      payment_id: payment.id,
      currency: 'USD',
      amount: 300,
      returned_amount: 300,
      to: 'source',
      reason: REASON,
      created_by: finance.id,
      items: [{ line: 'parking', payee: 'provider', amount: 300 }],
      refunds: [{ method: 'gateway', amount: 300, status: 'pending' }],
    },
  });
  expect(await balance(host, 'provider_payable')).toBe(earned - 300);
  expect(await balance(driver, 'held')).toBe(300);
  await deliverEvents();
  expect(await balance(driver, 'held')).toBe(0);
  const told = await asOwner(sql`
    select variables from notify.messages
    where user_id = ${driver.id}::uuid and template = 'payment_refunded'`);
  expect(told).toContainEqual({ variables: { amount: '3.00 USD', description: payment.description } });
  expect(await shown(driver, payment)).toMatchObject({
    status: 'partially_refunded',
    refunded_amount: 300,
    refunds: [{ method: 'gateway', amount: 300, reason: 'by_staff', status: 'succeeded' }],
  });
  const seen = await driver.get(`/api/v1/bookings/${booking.id}`);
  const expected = { status: 'succeeded', amount: 300, returned_amount: 300 };
  expect(seen.body).toMatchObject({ status: 'completed', payment_status: 'succeeded', refund: expected });
  const [audit] = await asOwner(sql`
    select user_id, new_values from app.audit_logs
    where action = 'money.refunded' and record_id = ${answer.body.id}::text`);
  expect(audit).toMatchObject({
    user_id: finance.id,
    new_values: { payment_id: payment.id, amount: 300, reason: REASON },
  });
  expect(await breaches()).toEqual([]);
});

test('an amount is borne by all lines in their proportion, to the cent', async () => {
  const { payment } = await over(driver, host);
  const earned = await balance(host, 'provider_payable');
  const moved = await movedBy(async () => {
    const { body } = await refund(finance, payment, { amount: 101 });
    // 101 × 1000 / 1150 = 87.83, 101 × 150 / 1150 = 13.17
    expect(body.items).toEqual([
      { line: 'parking', payee: 'provider', amount: 88 },
      { line: 'service_fee', payee: 'platform', amount: 13 },
    ]);
    await deliverEvents();
  });
  expect(moved).toEqual({ 'gateway_clearing stripe USD': 101, 'platform_revenue USD': -13 });
  expect(await balance(host, 'provider_payable')).toBe(earned - 88);
});

test('all of it in two steps is all, and not a cent more', async () => {
  const { booking, payment } = await over(driver, host);
  expect((await refund(finance, payment, { amount: 400 })).status).toBe(201);
  await deliverEvents();
  const more = await refund(finance, payment, { amount: 751 });
  expect(more).toMatchObject({ status: 409, body: { code: 'refund_too_large' } });
  const line = await refund(finance, payment, { items: [{ line: 'service_fee', amount: 99 }] });
  // 52 of the fee's 150 have gone back.
  expect(line.body).toMatchObject({ code: 'refund_too_large' });
  expect((await refund(finance, payment, { amount: 750 })).status).toBe(201);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.payment_status).toBe('refunded');
  expect((await refund(finance, payment, { amount: 1 })).body.code).toBe('refund_too_large');
  expect(await breaches()).toEqual([]);
});

test('who has been paid out owes what is taken back', async () => {
  const { payment } = await over(driver, host);
  const other = await signUp('driveway', { roles: ['host'] });
  const { payment: theirs } = await over(driver, other);
  await paidOut(other, 900);
  await refund(finance, theirs, { items: [{ line: 'parking', amount: 1000 }] });
  await deliverEvents();
  expect(await balancesOf(other.id)).toMatchObject({ provider_payable: 0, receivable: -900 });
  expect((await other.get('/api/v1/debt')).body).toEqual({ amount: 900, currency: 'USD' });
  expect(await shown(driver, theirs)).toMatchObject({ refunded_amount: 1000 });
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 0 });
  expect(await breaches()).toEqual([]);
});

test('to the wallet and as credits it is there at once', async () => {
  const { payment } = await over(driver, host);
  const before = await balancesOf(driver.id);
  const wallet = await refund(finance, payment, { amount: 250, to: 'wallet' });
  expect(wallet.body.refunds).toMatchObject([{ method: 'wallet', amount: 250, status: 'succeeded' }]);
  // Credits are whole ones: the rest goes to the wallet.
  const credits = await refund(finance, payment, { amount: 350, to: 'credits' });
  expect(credits.body.refunds).toMatchObject([
    { method: 'wallet', amount: 50, status: 'succeeded' },
    { method: 'credits', amount: 300, status: 'succeeded' },
  ]);
  const after = await balancesOf(driver.id);
  expect(after.wallet).toBe((before.wallet ?? 0) + 300);
  expect(after.credits).toBe((before.credits ?? 0) + 3);
  const { items } = (await driver.get('/api/v1/credits/entries')).body;
  expect(items[0]).toMatchObject({ type: 'refunded', amount: 3, reference_id: payment.id });
  expect(await shown(driver, payment)).toMatchObject({ status: 'partially_refunded', refunded_amount: 600 });
  expect(await breaches()).toEqual([]);
});

test('what is only reserved is not given back: less of it is taken', async () => {
  const { booking, payment } = await paid(driver, host);
  expect(payment.status).toBe('authorized');
  expect((await refund(finance, payment, { amount: 100, to: 'wallet' })).body.code).toBe('nothing_taken');
  const answer = await refund(finance, payment, { items: [{ line: 'parking', amount: 400 }] });
  expect(answer.body).toMatchObject({ amount: 400, returned_amount: 0, refunds: [] });
  expect((await refund(finance, payment, { amount: 751 })).body.code).toBe('refund_too_large');
  const earned = await balance(host, 'provider_payable');
  await complete(booking);
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', captured_amount: 750 });
  expect(await balance(host, 'provider_payable')).toBe(earned + 600);
  expect((await refund(finance, payment, { amount: 751 })).body.code).toBe('refund_too_large');
  expect((await refund(finance, payment, { amount: 750 })).status).toBe(201);
  expect(await breaches()).toEqual([]);
});

test('what was taken ahead goes back before the booking is over, and its cancellation returns the rest', async () => {
  const far = { starts_at: inMinutes(20 * 24 * 60), ends_at: inMinutes(20 * 24 * 60 + 120) };
  const { booking, payment } = await paid(driver, host, far);
  expect(payment.status).toBe('succeeded');
  await refund(finance, payment, { amount: 300 });
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'partially_refunded', refunded_amount: 300 });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect((await host.get(`/api/v1/bookings/${booking.id}`)).body).toMatchObject({
    status: 'cancelled',
    payment_status: 'refunded',
    refund_amount: 1150,
    refund: { status: 'succeeded', amount: 1150, returned_amount: 1150 },
  });
  const looked = await finance.get(`/api/v1/admin/bookings/${booking.id}`);
  expect(looked.body.refund).toEqual({ status: 'succeeded', amount: 1150, returned_amount: 1150 });
  expect((await refundsOf(payment)).map(({ amount, reason }) => [amount, reason])).toEqual([
    [300, 'by_staff'],
    [850, 'not_owed'],
  ]);
  expect(await balance(driver, 'held')).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a part that staff gave back is not paid out when the booking is over', async () => {
  const far = { starts_at: inMinutes(20 * 24 * 60), ends_at: inMinutes(20 * 24 * 60 + 120) };
  const { booking, payment } = await paid(driver, host, far);
  await refund(finance, payment, { items: [{ line: 'parking', amount: 250 }] });
  await deliverEvents();
  const earned = await balance(host, 'provider_payable');
  await complete(booking);
  expect(await balance(host, 'provider_payable')).toBe(earned + 750);
  expect(await balance(driver, 'held')).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a mixed payment goes back to the card first, then to the wallet', async () => {
  const mixed = await signUp('driveway', { roles: ['driver'] });
  await topUp(mixed.id, 300);
  const booking = await placed(mixed, host, { payment_timeout: 900 });
  const payment = await initiated(mixed, booking, { use_wallet: true, ...CARD });
  await complete(booking);
  const { body } = await refund(finance, payment, { amount: 1000 });
  expect(body.refunds).toMatchObject([
    { method: 'gateway', amount: 850 },
    { method: 'wallet', amount: 150 },
  ]);
  await deliverEvents();
  expect((await refund(finance, payment, { amount: 150 })).body.refunds).toMatchObject([
    { method: 'wallet', amount: 150 },
  ]);
  expect(await shown(mixed, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect(await balancesOf(mixed.id)).toMatchObject({ wallet: 300, held: 0 });
  expect(await breaches()).toEqual([]);
});

test('of two refunds at once that are too much together, one is made', async () => {
  const { payment } = await over(driver, host);
  const answers = await Promise.all([1, 2, 3].map(() => refund(finance, payment, { amount: 600 })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 600 });
});

test('a repeated request gives back once', async () => {
  const { payment } = await over(driver, host);
  const headers = { 'idempotency-key': randomUUID() };
  const path = `/api/v1/admin/payments/${payment.id}/refunds`;
  const body = { amount: 200, reason: REASON };
  const [first, second] = [
    await finance.post(path, body, { headers }),
    await finance.post(path, body, { headers }),
  ];
  expect(second).toMatchObject({ status: 201, body: { id: first.body.id } });
  expect(await refundsOf(payment)).toHaveLength(1);
});

test('nobody without the permission refunds, nothing of another marketplace’s is found, and what makes no sense is refused', async () => {
  const { payment } = await over(driver, host);
  expect((await refund(driver, payment, { amount: 1 })).body.code).toBe('forbidden');
  expect((await refund(await signUpStaff('driveway', 'support'), payment, { amount: 1 })).status).toBe(403);
  expect((await refund(await signUpStaff('handie', 'admin'), payment, { amount: 1 })).status).toBe(404);
  const unknown = await refund(finance, payment, { items: [{ line: 'cleaning', amount: 1 }] });
  expect(unknown).toMatchObject({ status: 422, body: { code: 'unknown_line' } });
  const twice = { items: [1, 2].map(amount => ({ line: 'parking', amount })) };
  for (const wrong of [
    {},
    { amount: 0 },
    { amount: 1, items: [] },
    { amount: -5 },
    { amount: 1, reason: ' ' },
    twice,
  ])
    expect((await refund(finance, payment, wrong)).status).toBe(400);
  const { payment: open } = await paid(driver, host, {
    starts_at: inMinutes(48 * 60),
    ends_at: inMinutes(50 * 60),
  });
  const staffer = await signUpStaff('driveway', 'admin');
  const { payment: own } = await over(staffer, host);
  expect((await refund(staffer, own, { amount: 1 })).body.code).toBe('own_payment');
  const { payment: earned } = await over(driver, staffer);
  expect((await refund(staffer, earned, { amount: 1 })).body.code).toBe('own_payment');
  await driver.post(`/api/v1/bookings/${open.booking_id}/cancel`, {});
  await deliverEvents();
  expect((await refund(finance, open, { amount: 1 })).body.code).toBe('payment_not_refundable');
  expect(await refundsOf(payment)).toEqual([]);
});
