import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { inMinutes } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { complete, movedBy, paid, referenceOf } from './after.ts';
import { orderFault } from './gateways/providers.ts';
import { attemptsOf, breaches, tell } from './pay.ts';
import { bought, paid as paidFor } from './subscribers.ts';

let driver: Person;
let host: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  host = await signUp('driveway', { roles: ['host'] });
});

/** Stripe's price for a card in its home country, of $11.50: 2.9 % and thirty cents. */
const FEE = Math.round(1150 * 0.029) + 30;
const CLEARING = 'gateway_clearing stripe USD';

test('what the gateway keeps of a capture is an expense, once', async () => {
  const { booking, payment } = await paid(driver, host);
  const moved = await movedBy(() => complete(booking));
  expect(moved).toEqual({
    [CLEARING]: FEE - 1150,
    'gateway_fees USD': -FEE,
    'platform_revenue USD': 150,
  });
  const later = await movedBy(async () => {
    await tell('stripe', 'driveway', await referenceOf(payment));
    await deliverEvents();
  });
  expect(later).toEqual({});
  expect(await breaches()).toEqual([]);
});

test('what is taken at once costs its fee at once, and what is only reserved nothing', async () => {
  const reserved = await movedBy(() => paid(driver, host));
  expect(reserved).toEqual({});
  const far = { starts_at: inMinutes(20 * 24 * 60), ends_at: inMinutes(20 * 24 * 60 + 120) };
  const taken = await movedBy(() => paid(driver, host, far));
  expect(taken).toEqual({ [CLEARING]: FEE - 1150, 'gateway_fees USD': -FEE });
});

test('a fee that the gateway tells later is asked for until it does', async () => {
  const { booking, payment } = await paid(driver, host);
  const reference = await referenceOf(payment);
  // The first answer tells of the capture, and of no fee yet.
  const body = {
    id: reference,
    object: 'payment_intent',
    amount: 1150,
    amount_received: 1150,
    currency: 'usd',
    status: 'succeeded',
    client_secret: null,
    last_payment_error: null,
    latest_charge: null,
  };
  const capture = `/v1/payment_intents/${reference}/capture`;
  await orderFault('stripe', { path: capture, after: true, status: 200, body });
  const first = await movedBy(() => complete(booking));
  expect(first).toEqual({ [CLEARING]: -1150, 'platform_revenue USD': 150 });
  expect(await attemptsOf(payment)).toMatchObject([{ status: 'captured', captured_amount: 1150 }]);
  const later = await movedBy(async () => {
    advanceClock(120);
    await runSchedule('sweep-timers');
    await deliverEvents();
  });
  expect(later).toEqual({ [CLEARING]: FEE, 'gateway_fees USD': -FEE });
  const timers = await asOwner(sql`
    select 1 from app.timers
    where kind = 'payment.look' and subject_id = ${payment.id}::uuid and settled_at is null`);
  expect(timers).toEqual([]);
  expect(await breaches()).toEqual([]);
});

test('what Razorpay keeps of a capture is an expense, once, its settlement file included', async () => {
  const tenant = await signUp('homigo', { roles: ['tenant'] });
  const finance = await signUpStaff('homigo', 'finance');
  const clearing = 'gateway_clearing razorpay INR';
  const { payment } = await bought(tenant);
  const moved = await movedBy(() => paidFor('homigo', payment), 'homigo');
  const [{ reference, fee, amount }] = await asOwner(
    sql`select reference, fee, amount from money.payment_attempts where payment_id = ${payment.id}::uuid`,
  );
  expect(fee).toBeGreaterThan(0);
  expect(moved).toMatchObject({ [clearing]: fee - amount, 'gateway_fees INR': -fee });
  const seconds = Math.floor(Date.now() / 1000);
  const csv = [
    'entity_id,type,debit,credit,amount,currency,fee,tax,on_hold,settled,created_at,settled_at,settlement_id,order_id',
    `pay_1,payment,0,${amount - fee},${amount},INR,${fee},0,false,true,${seconds},${seconds},setl_1,${reference}`,
  ].join('\n');
  const later = await movedBy(async () => {
    await tell('razorpay', 'homigo', reference);
    await deliverEvents();
    const file = { gateway: 'razorpay', file_name: 'recon.csv', csv };
    const { body } = await finance.post('/api/v1/admin/settlements', file);
    expect(body.settlement).toMatchObject({ matched_count: 1 });
  }, 'homigo');
  expect(later).toEqual({ [clearing]: amount - fee, 'gateway_clearing bank INR': fee - amount });
  expect(await breaches()).toEqual([]);
});

test('what Stripe bills for by itself is an expense by its file, once, in whichever file it stands', async () => {
  const finance = await signUpStaff('driveway', 'admin');
  const elsewhere = await signUpStaff('homigo', 'finance');
  const at = new Date().toISOString().slice(0, 19);
  const header =
    'balance_transaction_id,created_utc,currency,gross,fee,net,reporting_category,source_id,payment_intent_id';
  const [accounts, payouts, back, odd] = Array.from({ length: 4 }, () => `txn_${crypto.randomUUID()}`);
  const billed = (id = '', amount = '', currency = 'usd') =>
    `${id},${at},${currency},${amount},0.00,${amount},fee,,`;
  const imported = async (staff: Person, ...lines: string[]) => {
    const file = { gateway: 'stripe', file_name: 'activity.csv', csv: [header, ...lines].join('\n') };
    const answer = await staff.post('/api/v1/admin/settlements', file);
    if (answer.status !== 201) throw new Error(answer.text);
    return answer.body.settlement;
  };
  const lines = [billed(accounts, '-2.00'), billed(payouts, '-1.25'), billed(back, '0.25')];
  const moved = await movedBy(async () => {
    const twice = billed(payouts, '-1.25');
    const settlement = await imported(finance, ...lines, twice, billed(odd, '-1.00', 'zzz'));
    expect(settlement).toMatchObject({
      matched_count: 3,
      repeated_count: 1,
      settled: [{ currency: 'USD', amount: -300 }],
    });
    const { body } = await finance.get(`/api/v1/admin/settlements/${settlement.id}?result=currency_differs`);
    expect(body.items).toMatchObject([{ line: 6, kind: 'fee', entry_reference: odd }]);
  });
  // What Stripe took, it sent less to the bank.
  expect(moved).toEqual({ 'gateway_fees USD': -300, 'gateway_clearing bank USD': 300 });
  const again = await movedBy(async () => {
    expect(await imported(finance, ...lines)).toMatchObject({ matched_count: 0, repeated_count: 3 });
    // One account may serve several marketplaces.
    expect(await imported(elsewhere, ...lines)).toMatchObject({ matched_count: 0, repeated_count: 3 });
  });
  expect(again).toEqual({});
  expect(await breaches()).toEqual([]);
});
