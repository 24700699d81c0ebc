import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, inMinutes } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { inScratch } from '../support/scratch.ts';
import { complete, over, paid, paidOut, refund, refundsOf } from './after.ts';
import { act, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { breaches, shown, tell } from './pay.ts';

const REFUNDS = '/v1/refunds';
let driver: Person;
let host: Person;
let finance: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
  finance = await signUpStaff('driveway', 'admin');
});

const retry = (staff: Person, refundId: unknown, to?: string) =>
  staff.post(`/api/v1/admin/refunds/${refundId}/retry`, to ? { to } : {});
const held = async () => (await balancesOf(driver.id)).held;

/** A payment of which $3 were refunded to the card. */
async function refunded() {
  const { booking, payment } = await over(driver, host);
  await refund(finance, payment, { amount: 300 });
  await deliverEvents();
  const [made] = await refundsOf(payment);
  return { booking, payment, made };
}

test.each([
  ['is lost after the refund was made', { how: 'cut', after: true }],
  ['never comes', { how: 'cut' }],
  ['is a 500', { status: 500 }],
  ['is a 503 after the refund was made', { status: 503, after: true }],
])('when the answer %s, the refund is made once', async (_, fault) => {
  const { payment } = await over(driver, host);
  await orderFault('stripe', { path: REFUNDS, method: 'POST', ...fault });
  await refund(finance, payment, { amount: 300 });
  await deliverEvents();
  expect(await refundsOf(payment)).toMatchObject([{ status: 'pending', reference: null }]);
  advanceClock(120);
  await runSchedule('sweep-timers');
  await deliverEvents();
  const [made] = await refundsOf(payment);
  expect(made).toMatchObject({ status: 'succeeded', amount: 300, reference: expect.stringMatching(/^re_/) });
  // The gateway would refuse a second one that is too much together with the first.
  const [row] = await asOwner(sql`
    select refunded_amount, status from money.payments where id = ${payment.id}::uuid`);
  expect(row).toEqual({ refunded_amount: 300, status: 'partially_refunded' });
  expect(await held()).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a worker that dies while it holds the payment is followed by another one', async () => {
  const { payment } = await over(driver, host);
  await refund(finance, payment, { amount: 300 });
  const claim = sql`select money.claim_payment(${payment.id}::uuid) as work`;
  expect((await actAs('driveway', claim))[0].work).not.toBeNull();
  await deliverEvents();
  expect(await refundsOf(payment)).toMatchObject([{ status: 'pending' }]);
  advanceClock(120);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect(await refundsOf(payment)).toMatchObject([{ status: 'succeeded' }]);
  expect(await held()).toBe(0);
});

test('what the gateway refuses fails, stays held for the payer, and staff give it another way', async () => {
  const { payment } = await over(driver, host);
  const body = {
    error: { type: 'invalid_request_error', code: 'charge_disputed', message: 'It is disputed.' },
  };
  await orderFault('stripe', { path: REFUNDS, method: 'POST', status: 400, body });
  const answer = await refund(finance, payment, { amount: 300 });
  await deliverEvents();
  const [failed] = await refundsOf(payment);
  expect(failed).toMatchObject({ status: 'failed', failure_code: 'charge_disputed' });
  const { refund: seen } = (await driver.get(`/api/v1/bookings/${payment.booking_id}`)).body;
  expect(seen).toEqual({ status: 'failed', amount: 300, returned_amount: 0 });
  expect(await held()).toBe(300);
  expect(await shown(driver, payment)).toMatchObject({ status: 'succeeded', refunded_amount: 0 });
  const [told] = await asOwner(sql`
    select payload from app.outbox where type = 'payment.refund_failed' and payload ->> 'refund_id' = ${String(failed?.id)}::text`);
  expect(told?.payload).toMatchObject({ payment_id: payment.id, amount: 300 });
  // It is promised still: no more than the rest can be refunded beside it.
  expect((await refund(finance, payment, { amount: 851 })).body.code).toBe('refund_too_large');

  const wallet = (await balancesOf(driver.id)).wallet ?? 0;
  expect((await retry(driver, failed?.id)).body.code).toBe('forbidden');
  expect((await retry(finance, answer.body.id)).status).toBe(404);
  const again = await retry(finance, failed?.id, 'wallet');
  expect(again).toMatchObject({
    status: 201,
    body: {
      payment_id: payment.id,
      replaces: failed?.id,
      method: 'wallet',
      amount: 300,
      status: 'succeeded',
    },
  });
  expect((await balancesOf(driver.id)).wallet).toBe(wallet + 300);
  expect(await held()).toBe(0);
  expect(await shown(driver, payment)).toMatchObject({ status: 'partially_refunded', refunded_amount: 300 });
  expect((await retry(finance, failed?.id)).body.code).toBe('refund_replaced');
  expect((await retry(finance, again.body.id)).body.code).toBe('refund_not_failed');
  expect(await breaches()).toEqual([]);
});

test('what a bank gives back is held again, and can go to the card once more', async () => {
  const { payment, made } = await refunded();
  expect(await shown(driver, payment)).toMatchObject({ status: 'partially_refunded', refunded_amount: 300 });
  await act('stripe', String(made?.reference), 'fail');
  await tell('stripe', 'driveway', String(made?.reference));
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({
    status: 'succeeded',
    refunded_amount: 0,
    refunds: [{ status: 'failed' }],
  });
  expect(await held()).toBe(300);
  const credits = await retry(finance, made?.id, 'credits');
  expect(credits.status).toBe(201);
  expect(credits.body).toMatchObject({ method: 'credits', amount: 300 });
  expect(await held()).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('of two who make a failed refund again, one does', async () => {
  const { payment, made } = await refunded();
  await act('stripe', String(made?.reference), 'fail');
  await tell('stripe', 'driveway', String(made?.reference));
  await deliverEvents();
  const answers = await Promise.all(['source', 'wallet', 'source'].map(to => retry(finance, made?.id, to)));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 300 });
  expect(await held()).toBe(0);
  expect(await breaches()).toEqual([]);
});

test('a webhook of a refund that comes twice and late changes nothing', async () => {
  const { payment, made } = await refunded();
  const before = await balancesOf(host.id);
  for (let times = 0; times < 2; times += 1) {
    await tell('stripe', 'driveway', String(made?.reference));
    await deliverEvents();
  }
  expect(await shown(driver, payment)).toMatchObject({ refunded_amount: 300 });
  expect(await balancesOf(host.id)).toEqual(before);
});

test('what a payout has taken before is owed, whatever comes first', async () => {
  const other = await signUp('driveway', { roles: ['host'] });
  const { payment } = await over(driver, other);
  await Promise.all([
    paidOut(other, 1000),
    refund(finance, payment, { items: [{ line: 'parking', amount: 1000 }] }),
  ]).catch(
    // The refund was first, and there is nothing left to pay out.
    error => expect(String(error)).toContain('balances_overdraft_check'),
  );
  const { provider_payable, receivable = 0 } = await balancesOf(other.id);
  expect([provider_payable, receivable]).toEqual([0, receivable === 0 ? 0 : -1000]);
  await deliverEvents();
  expect(await breaches()).toEqual([]);
});

test('a refund and a cancellation at once give back everything once', async () => {
  const far = { starts_at: inMinutes(20 * 24 * 60), ends_at: inMinutes(20 * 24 * 60 + 120) };
  const { booking, payment } = await paid(driver, host, far);
  const before = (await balancesOf(host.id)).provider_payable;
  const [cancelled, given] = await Promise.all([
    driver.post(`/api/v1/bookings/${booking.id}/cancel`, {}),
    refund(finance, payment, { amount: 1000 }),
  ]);
  expect(cancelled.status).toBe(200);
  // Either it was first, or there was nothing left to be refunded.
  expect([201, 409]).toContain(given.status);
  await deliverEvents();
  expect(await shown(driver, payment)).toMatchObject({ status: 'refunded', refunded_amount: 1150 });
  expect(await held()).toBe(0);
  expect((await balancesOf(host.id)).provider_payable).toBe(before);
  expect(await breaches()).toEqual([]);
});

test('a refund while the booking ends is borne by its lines, before or after they were shared out', async () => {
  const { booking, payment } = await paid(driver, host);
  const before = (await balancesOf(host.id)).provider_payable ?? 0;
  const [, given] = await Promise.all([
    complete(booking),
    refund(finance, payment, { items: [{ line: 'parking', amount: 400 }] }),
  ]);
  expect(given.status).toBe(201);
  await deliverEvents();
  advanceClock(120);
  await runSchedule('sweep-timers');
  await deliverEvents();
  expect((await balancesOf(host.id)).provider_payable).toBe(before + 600);
  expect(await held()).toBe(0);
  const [row] = await asOwner(sql`
    select captured_amount - refunded_amount as kept from money.payments where id = ${payment.id}::uuid`);
  expect(row?.kept).toBe(750);
  expect(await breaches()).toEqual([]);
});

test('refunds beyond what was paid, and refunds that the ledger does not know, are found', async () => {
  const { payment, made } = await refunded();
  const brokenIn = async (run: (statement: string) => Promise<unknown[]>) =>
    run(
      `select name, breaches from money.check_invariants(now() - interval '1 day') where breaches > 0 order by name`,
    );
  await inScratch(async run => {
    await run(`update money.refunds set amount = 1151 where id = '${made?.id}' returning id`);
    expect(await brokenIn(run)).toMatchObject([
      { name: 'refunds_posted_once', breaches: 1 },
      // Of the payment, and of its try.
      { name: 'refunds_within_payments', breaches: 2 },
    ]);
  });
  await inScratch(async run => {
    await run(`
      insert into money.refunds (marketplace, payment_id, method, currency, amount, reason, status)
      values ('driveway', '${payment.id}', 'wallet', 'USD', 5, 'not_owed', 'succeeded') returning id`);
    expect(await brokenIn(run)).toMatchObject([{ name: 'refunds_posted_once', breaches: 1 }]);
  });
});
