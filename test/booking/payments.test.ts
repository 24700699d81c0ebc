import { beforeEach, describe, expect, test } from 'vitest';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { details, eventsOf, inMinutes, placed, reservationsOf, settled } from './bookings.ts';

const DEADLINE = 900;
let host: Person;
let driver: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const unpaid = (changes: Record<string, unknown> = {}) =>
  placed(driver, host, { payment_timeout: DEADLINE, ...changes });
const shown = async (person: Person, booking: { id: string }) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;
const kinds = async (booking: { id: string }) => (await reservationsOf(booking)).map(row => row.kind);

test('a booking that is paid first holds its time and waits', async () => {
  const booking = await unpaid();
  expect(booking).toMatchObject({ status: 'pending', awaits: 'payment', confirmed_at: null });
  expect(Date.parse(booking.expires_at) - Date.parse(booking.created_at)).toBe(DEADLINE * 1000);
  expect(await kinds(booking)).toEqual(['hold']);
  await expect(placed(driver, host, { resource_id: booking.resource_id })).rejects.toThrow(
    'reservation_no_overlap',
  );
  expect(await eventsOf(booking)).toEqual(['booking.placed']);
});

test.each(['processing', 'succeeded'])('a payment that is %s confirms it, once', async status => {
  const booking = await unpaid();
  await settled('driveway', booking, status);
  const paid = await settled('driveway', booking, 'succeeded');
  expect(paid).toMatchObject({ status: 'confirmed', awaits: null, payment_status: 'succeeded', version: 2 });
  expect(paid.confirmed_at).not.toBeNull();
  expect(await kinds(booking)).toEqual(['booking']);
  expect(await eventsOf(booking)).toEqual(['booking.placed', 'booking.confirmed']);
  expect((await shown(driver, booking)).timeline.map((line: { event: string }) => line.event)).toEqual([
    'placed',
    'paid',
  ]);
  advanceClock(DEADLINE + 60);
  await runSchedule('sweep-timers');
  expect((await shown(await again(driver), booking)).status).toBe('confirmed');
});

test('a marketplace whose flow has no status for it keeps an unpaid booking confirmed, but not for good', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  const booking = await placed(customer, owner, { payment_timeout: DEADLINE, currency: 'INR' });
  expect(booking).toMatchObject({ status: 'confirmed', awaits: 'payment', confirmed_at: null });
  expect(await settled('handie', booking, 'succeeded')).toMatchObject({ status: 'confirmed', awaits: null });
  expect((await shown(customer, booking)).confirmed_at).not.toBeNull();
});

test('a failed payment leaves time for another try', async () => {
  const booking = await unpaid();
  expect(await settled('driveway', booking, 'failed')).toMatchObject({
    payment_status: 'failed',
    awaits: 'payment',
    expires_at: booking.expires_at,
  });
  expect(await settled('driveway', booking, 'succeeded')).toMatchObject({ status: 'confirmed' });
});

test('the provider has the time to answer from the payment on', async () => {
  const booking = await unpaid({ instant: false, request_timeout: 3600 });
  expect((await host.post(`/api/v1/bookings/${booking.id}/accept`)).body.code).toBe('payment_required');
  advanceClock(600);
  const paid = await settled('driveway', booking, 'processing');
  expect(paid).toMatchObject({ status: 'pending', awaits: 'answer' });
  expect(Date.parse(paid.expires_at)).toBe(Date.now() + 3_600_000);
  expect(await eventsOf(booking)).toEqual(['booking.placed', 'booking.requested']);
  advanceClock(DEADLINE);
  await runSchedule('sweep-timers');
  expect((await (await again(host)).post(`/api/v1/bookings/${booking.id}/accept`)).body).toMatchObject({
    status: 'confirmed',
    awaits: null,
  });
  expect(await kinds(booking)).toEqual(['booking']);
});

describe('when nothing has been paid by the deadline', () => {
  test('the booking reads as cancelled and its time is free, before any timer ran', async () => {
    const booking = await unpaid();
    const bystander = await unpaid();
    await settled('driveway', bystander, 'succeeded');
    advanceClock(DEADLINE);
    const later = await again(driver);
    expect(await shown(later, booking)).toMatchObject({
      status: 'cancelled',
      awaits: null,
      cancelled_by: 'system',
      cancellation_reason: 'payment_expired',
      refund_amount: 1150,
    });
    const next = await placed(later, host, { resource_id: booking.resource_id });
    expect(next.status).toBe('confirmed');
    expect((await shown(later, bystander)).status).toBe('confirmed');
  });

  test('the clock cancels it for good, once', async () => {
    const booking = await unpaid();
    advanceClock(DEADLINE);
    await runSchedule('sweep-timers');
    await runSchedule('sweep-timers');
    expect(await shown(await again(driver), booking)).toMatchObject({
      status: 'cancelled',
      cancellation_reason: 'payment_expired',
      refund_amount: 1150,
      version: 2,
    });
    expect(await eventsOf(booking)).toEqual(['booking.placed', 'booking.payment_expired']);
    expect(await reservationsOf(booking)).toEqual([]);
  });

  test('a payment that comes too late is kept and told, so that it is paid back', async () => {
    const booking = await unpaid();
    advanceClock(DEADLINE);
    const late = await settled('driveway', booking, 'succeeded');
    await settled('driveway', booking, 'succeeded');
    expect(late).toMatchObject({ status: 'cancelled', cancelled_by: 'system', payment_status: 'succeeded' });
    expect(await eventsOf(booking)).toEqual([
      'booking.placed',
      'booking.payment_expired',
      'booking.paid_late',
    ]);
  });
});

test('a driver gives an unpaid booking up for nothing', async () => {
  const booking = await unpaid({ starts_at: inMinutes(30), ends_at: inMinutes(90) });
  const { body } = await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
  expect(body).toMatchObject({ status: 'cancelled', refund_amount: 1150, expires_at: null });
});

test('a payment of a booking of another marketplace is not found', async () => {
  await expect(settled('handie', await unpaid(), 'succeeded')).rejects.toThrow('not_found');
});

test('a marketplace without requests takes none', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  expect(details(owner).instant).toBe(true);
  await expect(placed(customer, owner, { instant: false })).rejects.toThrow('requests_not_supported');
});
