import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { actAs, placed } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { act, orderFault } from './gateways/providers.ts';
import { balancesOf } from './ledger.ts';
import { attemptsOf, breaches, CARD, INITIATE, postedFor, shown, tell } from './pay.ts';

const TOP_UPS = '/api/v1/wallet/top-ups';
let driver: Person;
let stranger: Person;
beforeAll(async () => {
  driver = await signUp('driveway', { roles: ['driver'] });
  stranger = await signUp('driveway', { roles: ['driver'] });
});

const toppedUp = async (person: Person, amount: number) => (await person.post(TOP_UPS, { amount })).body;
const pay = (person: Person, wish: Record<string, unknown>) => person.post(INITIATE, wish);
const wallet = async (person: Person) => (await person.get('/api/v1/wallet')).body;

test('a top-up is in the wallet as soon as it is paid, once, and pays a booking', async () => {
  const [person, host] = [await signUp('driveway', { roles: ['driver'] }), stranger];
  const topup = await toppedUp(person, 50_000);
  expect(topup).toEqual({
    id: expect.any(String),
    amount: 50_000,
    currency: 'USD',
    status: 'pending',
    created_at: expect.any(String),
  });
  const { status, body: payment } = await pay(person, { topup_id: topup.id });
  expect(status).toBe(201);
  expect(payment).toMatchObject({
    purpose: 'topup',
    booking_id: null,
    subject_id: topup.id,
    status: 'pending',
    amount: 50_000,
    description: 'Wallet top-up',
    number: expect.stringMatching(/^TXN-\d{4}-\d{6,}$/),
  });
  expect((await wallet(person)).balance).toBe(0);
  const [{ reference }] = await attemptsOf(payment);
  await act('stripe', reference, 'succeed');
  await tell('stripe', 'driveway', reference);
  await tell('stripe', 'driveway', reference);
  await deliverEvents();
  expect(await wallet(person)).toMatchObject({ balance: 50_000, total_earned: 50_000, total_spent: 0 });
  expect(await shown(person, payment)).toMatchObject({
    status: 'succeeded',
    captured_at: expect.any(String),
    authorized_at: null,
  });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 50_000, gateway_clearing: -50_000 },
    wallet_topup: { held: -50_000, wallet: 50_000 },
  });
  expect((await pay(person, { topup_id: topup.id })).body).toMatchObject({ code: 'already_paid' });

  const booking = await placed(person, host, { payment_timeout: 900 });
  expect((await pay(person, { booking_id: booking.id, use_wallet: true })).body.status).toBe('succeeded');
  expect(await wallet(person)).toMatchObject({ balance: 48_850, total_spent: 1150 });
  const { items } = (await person.get('/api/v1/wallet/entries')).body;
  expect(items).toMatchObject([
    { type: 'debit', kind: 'payment', amount: 1150 },
    {
      type: 'credit',
      kind: 'wallet_topup',
      amount: 50_000,
      reference_type: 'payment',
      reference_id: payment.id,
    },
  ]);
  expect(await breaches()).toEqual([]);
});

test('a top-up keeps to the bounds of the marketplace', async () => {
  const opened = (amount: unknown) => driver.post(TOP_UPS, { amount });
  for (const amount of [99, 5_000_001])
    expect(await opened(amount)).toMatchObject({
      status: 422,
      body: { code: 'topup_amount', errors: [{ field: 'amount' }] },
    });
  for (const amount of [0, -5, 1.5, '500', null]) expect((await opened(amount)).status).toBe(400);
  expect((await opened(100)).status).toBe(201);
});

test('a top-up that was declined is paid by another card', async () => {
  const topup = await toppedUp(stranger, 700);
  const declined = await pay(stranger, { topup_id: topup.id, payment_method: 'pm_card_chargeDeclined' });
  expect(declined.body).toMatchObject({ status: 'failed', failed_at: expect.any(String) });
  expect((await stranger.get('/api/v1/transactions')).body.items[0]).toMatchObject({
    status: 'failed',
    failed_at: expect.any(String),
    failure_reason: 'Your card was declined.',
    processed_at: null,
  });
  const paid = await pay(stranger, { topup_id: topup.id, ...CARD });
  // When it first failed stays known.
  expect(paid.body).toMatchObject({
    id: declined.body.id,
    status: 'succeeded',
    failed_at: declined.body.failed_at,
  });
  expect((await balancesOf(stranger.id)).wallet).toBe(700);
  const [row] = await asOwner(sql`select status from money.wallet_topups where id = ${topup.id}::uuid`);
  expect(row.status).toBe('paid');
});

test('a top-up whose answer was lost is charged once', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const topup = await toppedUp(person, 900);
  await orderFault('stripe', { path: '/v1/payment_intents', how: 'cut', after: true });
  expect((await pay(person, { topup_id: topup.id, ...CARD })).body.status).toBe('pending');
  const again = await pay(person, { topup_id: topup.id, ...CARD });
  expect(again.body).toMatchObject({ status: 'succeeded' });
  expect(await attemptsOf(again.body)).toHaveLength(1);
  expect(await wallet(person)).toMatchObject({ balance: 900 });
});

test('a payment whose Lambda died before it asked the gateway goes on with the same try', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const topup = await toppedUp(person, 600);
  const options = { payment_method: CARD.payment_method };
  const wish = { purpose: 'topup', subject_id: topup.id, gateways: ['stripe'], capture: 'later', options };
  await actAs(person, sql`select money.open_payment(${wish}::jsonb)`);
  expect(await pay(person, { topup_id: topup.id, ...CARD })).toMatchObject({
    status: 409,
    body: { code: 'payment_in_progress' },
  });
  advanceClock(31);
  const { body: payment } = await pay(person, { topup_id: topup.id, ...CARD });
  expect(payment).toMatchObject({ status: 'succeeded', authorized_at: null });
  expect(await attemptsOf(payment)).toHaveLength(1);
  expect((await wallet(person)).balance).toBe(600);
});

test('two who pay one top-up at once charge it once', async () => {
  const topup = await toppedUp(driver, 300);
  const before = (await wallet(driver)).balance;
  const answers = await Promise.all([1, 2].map(() => pay(driver, { topup_id: topup.id, ...CARD })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect((await wallet(driver)).balance).toBe(before + 300);
});

test('an idempotency key opens one top-up', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = [
    await driver.post(TOP_UPS, { amount: 400 }, { headers }),
    await driver.post(TOP_UPS, { amount: 400 }, { headers }),
  ];
  expect(second.body).toEqual(first.body);
});

test('neither wallet nor credits fill the wallet', async () => {
  const topup = await toppedUp(driver, 500);
  for (const wish of [{ use_wallet: true }, { use_credits: true }])
    expect(await pay(driver, { topup_id: topup.id, ...wish })).toMatchObject({
      status: 422,
      body: { code: 'account_not_accepted' },
    });
  expect(await pay(driver, { topup_id: topup.id, use_cash: true })).toMatchObject({
    status: 422,
    body: { code: 'cash_not_accepted' },
  });
});

test('exactly one thing is paid for, and only by whom it is', async () => {
  const topup = await toppedUp(driver, 500);
  const both = await pay(driver, { topup_id: topup.id, booking_id: topup.id });
  expect(both).toMatchObject({ status: 400, body: { errors: [{ field: 'topup_id' }] } });
  expect(await pay(driver, {})).toMatchObject({
    status: 400,
    body: { errors: [{ field: 'booking_id', code: 'required' }] },
  });
  expect((await pay(stranger, { topup_id: topup.id })).status).toBe(404);
  expect((await pay(driver, { order_id: topup.id })).status).toBe(404);
  expect((await pay(driver, { tip_id: randomUUID() })).status).toBe(404);
  const elsewhere = await signUp('recovery', { roles: ['customer'] });
  expect((await pay(elsewhere, { topup_id: topup.id })).status).toBe(404);
});

test('a person sees their own transactions, and nobody else’s', async () => {
  const person = await signUp('driveway', { roles: ['driver'] });
  const topup = await toppedUp(person, 1000);
  const { body: payment } = await pay(person, { topup_id: topup.id, ...CARD });
  const { items } = (await person.get('/api/v1/transactions')).body;
  expect(items).toMatchObject([
    {
      transaction_number: payment.number,
      type: 'wallet_topup',
      payment_method: 'card',
      amount: 1000,
      gateway: 'stripe',
      status: 'completed',
      processed_at: payment.captured_at,
    },
  ]);
  expect((await stranger.get('/api/v1/transactions')).body.items).not.toContainEqual(
    expect.objectContaining({ payment_id: payment.id }),
  );
});
