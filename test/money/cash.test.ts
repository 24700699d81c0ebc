import { beforeAll, expect, test } from 'vitest';
import { inMinutes, placed, stepped } from '../booking/bookings.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { type Person, signUp } from '../support/people.ts';
import { balancesOf, post, topUp } from './ledger.ts';
import { attemptsOf, bookingOf, breaches, completed, initiate, initiated, postedFor, shown } from './pay.ts';

const CASH = { use_cash: true };
let customer: Person;
beforeAll(async () => {
  customer = await signUp('handie', { roles: ['customer'] });
});
const newProvider = () => signUp('handie', { roles: ['expert'] });

/** A booking of ₹11.50, of which the platform gets ₹1.50. */
const booked = (provider: Person, changes: Record<string, unknown> = {}) =>
  placed(customer, provider, { payment_timeout: 900, currency: 'INR', ...changes });
const received = (provider: Person, booking: { id: string }) =>
  provider.post(`/api/v1/bookings/${booking.id}/cash-received`);

test('cash that the provider has confirmed pays the booking, and the provider owes the platform its fee', async () => {
  const provider = await newProvider();
  const booking = await booked(provider);
  const payment = await initiated(customer, booking, CASH);
  expect(payment).toMatchObject({ status: 'pending', cash_amount: 1150, gateway_amount: 0, gateway: null });
  expect(await bookingOf(customer, booking)).toMatchObject({ awaits: null, payment_status: 'processing' });
  expect((await provider.get(`/api/v1/bookings/${booking.id}/cash`)).body).toMatchObject({
    cash_amount: 1150,
    currency: 'INR',
    received_at: null,
  });
  await completed('handie', booking);
  expect((await shown(customer, payment)).status).toBe('pending');
  expect(await balancesOf(provider.id)).not.toHaveProperty('receivable');

  const confirmed = await received(provider, booking);
  expect(confirmed).toMatchObject({
    status: 200,
    body: { booking_id: booking.id, payment_status: 'succeeded', received_at: expect.any(String) },
  });
  expect((await received(provider, booking)).body).toEqual(confirmed.body);
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: -150 });
  expect((await balancesOf(provider.id)).provider_payable ?? 0).toBe(0);
  expect(await balancesOf(customer.id)).toMatchObject({ held: 0, wallet: 0 });
  expect(await postedFor(payment)).toEqual({
    payment: { held: 1150, receivable: -1150 },
    release: { held: -1150, receivable: 1000, platform_revenue: 150 },
  });
  expect(await bookingOf(customer, booking)).toMatchObject({
    status: 'completed',
    payment_status: 'succeeded',
  });
  expect((await customer.get('/api/v1/transactions')).body.items[0]).toMatchObject({
    payment_method: 'cash',
    payment_type: 'parking',
    status: 'completed',
  });
  expect(await breaches()).toEqual([]);
});

test('cash that comes before the booking ends is set against what it earns', async () => {
  const provider = await newProvider();
  const booking = await booked(provider);
  await initiated(customer, booking, CASH);
  expect((await received(provider, booking)).body.payment_status).toBe('succeeded');
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: -1150 });
  await completed('handie', booking);
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: -150 });
  expect(await breaches()).toEqual([]);
});

test('the wallet gives what it has, and cash the rest', async () => {
  const provider = await newProvider();
  const payer = await signUp('handie', { roles: ['customer'] });
  await topUp(payer.id, 1050, 'handie', 'INR');
  const booking = await placed(payer, provider, { payment_timeout: 900, currency: 'INR' });
  const payment = await initiated(payer, booking, { use_wallet: true, ...CASH });
  expect(payment).toMatchObject({ wallet_amount: 1050, cash_amount: 100 });
  await completed('handie', booking);
  await received(provider, booking);
  // 1000 earned, of which 100 are in the provider's pocket.
  expect(await balancesOf(provider.id)).toMatchObject({ provider_payable: 900, receivable: 0 });
  expect(await breaches()).toEqual([]);
});

test('a booking that is cancelled in time before any cash owes nothing', async () => {
  const provider = await newProvider();
  const booking = await booked(provider, { starts_at: inMinutes(48 * 60), ends_at: inMinutes(50 * 60) });
  const payment = await initiated(customer, booking, CASH);
  await customer.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect((await shown(customer, payment)).status).toBe('cancelled');
  expect(await received(provider, booking)).toMatchObject({ status: 409, body: { code: 'no_cash_due' } });
  expect(await balancesOf(provider.id)).not.toHaveProperty('receivable');
  expect(await breaches()).toEqual([]);
});

test('what it costs to cancel is owed by whoever had promised cash, beyond what the wallet gave', async () => {
  const provider = await newProvider();
  const payer = await signUp('handie', { roles: ['customer'] });
  await topUp(payer.id, 200, 'handie', 'INR');
  const soon = { starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) };
  const booking = await placed(payer, provider, { payment_timeout: 900, currency: 'INR', ...soon });
  const payment = await initiated(payer, booking, { use_wallet: true, ...CASH });
  await payer.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(payer, payment)).toMatchObject({ status: 'failed', wallet_amount: 200, cash_amount: 0 });
  expect((await payer.get('/api/v1/debt')).body).toEqual({ amount: 375, currency: 'INR' });
  expect(await received(provider, booking)).toMatchObject({ status: 409, body: { code: 'no_cash_due' } });
  expect(await balancesOf(provider.id)).not.toHaveProperty('provider_payable');
  expect(await breaches()).toEqual([]);
});

test('a wallet that covers what it costs to cancel pays it, and has the rest back', async () => {
  const provider = await newProvider();
  const payer = await signUp('handie', { roles: ['customer'] });
  await topUp(payer.id, 800, 'handie', 'INR');
  const soon = { starts_at: inMinutes(5 * 60), ends_at: inMinutes(7 * 60) };
  const booking = await placed(payer, provider, { payment_timeout: 900, currency: 'INR', ...soon });
  const payment = await initiated(payer, booking, { use_wallet: true, ...CASH });
  await payer.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  await deliverEvents();
  expect(await shown(payer, payment)).toMatchObject({ status: 'partially_refunded', refunded_amount: 225 });
  expect(await balancesOf(payer.id)).toMatchObject({ wallet: 225, held: 0 });
  expect(await balancesOf(provider.id)).toMatchObject({ provider_payable: 500 });
  expect(await breaches()).toEqual([]);
});

test('cash that was given for a booking that is cancelled then goes back from hand to hand, and makes nobody any money', async () => {
  const provider = await newProvider();
  const payer = await signUp('handie', { roles: ['customer'] });
  const booking = await placed(payer, provider, { payment_timeout: 900, currency: 'INR' });
  const payment = await initiated(payer, booking, CASH);
  await received(provider, booking);
  await stepped(provider, booking, 'cancelled');
  await deliverEvents();
  expect(await shown(payer, payment)).toMatchObject({
    status: 'refunded',
    refunds: [{ method: 'cash', amount: 1150 }],
  });
  expect(await balancesOf(payer.id)).toMatchObject({ wallet: 0, held: 0 });
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: 0 });
  expect(await breaches()).toEqual([]);
});

test('who promised cash may pay by card after all, and the other way round', async () => {
  const booking = await booked(await newProvider());
  const promised = await initiated(customer, booking, CASH);
  expect(await initiated(customer, booking, CASH)).toMatchObject({ id: promised.id });
  const byCard = await initiated(customer, booking);
  expect(byCard).toMatchObject({ gateway: 'razorpay', gateway_amount: 1150, cash_amount: 0 });
  expect((await shown(customer, promised)).status).toBe('cancelled');
  const again = await initiated(customer, booking, CASH);
  expect(again).toMatchObject({ status: 'pending', cash_amount: 1150 });
  await deliverEvents();
  expect((await shown(customer, byCard)).status).toBe('cancelled');
  expect(await attemptsOf(again)).toEqual([]);
});

test('only the provider confirms cash, and only where it was chosen', async () => {
  const provider = await newProvider();
  const booking = await booked(provider);
  expect(await received(provider, booking)).toMatchObject({ status: 409, body: { code: 'no_cash_due' } });
  expect((await provider.get(`/api/v1/bookings/${booking.id}/cash`)).status).toBe(404);
  await initiated(customer, booking, CASH);
  expect((await received(customer, booking)).status).toBe(404);
  expect((await received(await newProvider(), booking)).status).toBe(404);
  expect((await customer.get(`/api/v1/bookings/${booking.id}/cash`)).status).toBe(404);
});

test('a provider who confirms twice at once is debited once', async () => {
  const provider = await newProvider();
  const booking = await booked(provider);
  await initiated(customer, booking, CASH);
  const answers = await Promise.all([1, 2, 3].map(() => received(provider, booking)));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: -1150 });
});

test('a marketplace without cash takes none', async () => {
  const [driver, host] = [
    await signUp('driveway', { roles: ['driver'] }),
    await signUp('driveway', { roles: ['host'] }),
  ];
  const booking = await placed(driver, host, { payment_timeout: 900 });
  expect(await initiate(driver, booking, CASH)).toMatchObject({
    status: 422,
    body: { code: 'cash_not_accepted', errors: [{ field: 'use_cash' }] },
  });
});

test('what a payout has netted of cash that is handed back is the provider’s again', async () => {
  const provider = await newProvider();
  const payer = await signUp('handie', { roles: ['customer'] });
  const booking = await placed(payer, provider, { payment_timeout: 900, currency: 'INR' });
  await initiated(payer, booking, CASH);
  await received(provider, booking);
  const netted = [
    { account: 'receivable', user_id: provider.id, amount: 400 },
    { account: 'platform_revenue', amount: -400 },
  ];
  await post({ type: 'netting', currency: 'INR', entries: netted }, { marketplace: 'handie' });
  await stepped(provider, booking, 'cancelled');
  await deliverEvents();
  expect(await balancesOf(provider.id)).toMatchObject({ receivable: 0, provider_payable: 400 });
  expect(await breaches()).toEqual([]);
});
