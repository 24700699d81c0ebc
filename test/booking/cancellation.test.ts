import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { setClock } from '../support/clock.ts';
import { type Person, signUp } from '../support/people.ts';
import { inMinutes, moved, placed, priceOf, stepped } from './bookings.ts';
import { at, dayIn } from './resources.ts';

const HOUR = 60;
let host: Person;
let driver: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const quotePath = (booking: { id: string }) => `/api/v1/bookings/${booking.id}/cancellation-quote`;
const cancelPath = (booking: { id: string }) => `/api/v1/bookings/${booking.id}/cancel`;
/** A booking of two hours that starts in so many. */
const startingIn = (hours: number, changes: Record<string, unknown> = {}) =>
  placed(driver, host, {
    starts_at: inMinutes(hours * HOUR),
    ends_at: inMinutes((hours + 2) * HOUR),
    ...changes,
  });

test.each([
  ['more than a day ahead', 26, 100, 1150],
  ['less than a day ahead', 22, 50, 575],
  ['less than an hour ahead', 0.9, 0, 0],
])('a driver who cancels %s gets back what the tier says', async (_, hours, percent, refund) => {
  const booking = await startingIn(hours);
  const { status, body } = await driver.get(quotePath(booking));
  expect(status).toBe(200);
  expect(body).toMatchObject({
    party: 'customer',
    allowed: true,
    currency: 'USD',
    refund_percent: percent,
    refund_amount: refund,
    kept_amount: 1150 - refund,
    total_amount: 1150,
  });
  expect(body.refund_items.map((item: { amount: number }) => item.amount)).toEqual([
    (1000 * percent) / 100,
    (150 * percent) / 100,
  ]);
  const cancelled = await driver.post(cancelPath(booking), { expected_refund_amount: refund });
  expect(cancelled.body).toMatchObject({ status: 'cancelled', refund_amount: refund, total_amount: 1150 });
});

test('the host who cancels gives everything back, however late', async () => {
  const booking = await startingIn(0.5);
  expect((await host.get(quotePath(booking))).body).toMatchObject({
    party: 'provider',
    refund_percent: 100,
    refund_amount: 1150,
    valid_until: null,
  });
  expect((await host.post(cancelPath(booking))).body.refund_amount).toBe(1150);
});

test('a quote says until when it holds', async () => {
  const booking = await startingIn(26);
  const { body } = await driver.get(quotePath(booking));
  // Whole days are reckoned by the calendar in the resource's zone.
  const start = new Date(booking.starts_at);
  expect(Math.abs(start.getTime() - Date.parse(body.valid_until) - 24 * 3_600_000)).toBeLessThanOrEqual(
    3_600_000,
  );
  setClock(Date.parse(body.valid_until) + 1000);
  const later = await (await again(driver)).get(quotePath(booking));
  expect(later.body.refund_percent).toBe(50);
});

test('a refund that has changed since the quote is refused, and nothing is cancelled', async () => {
  const booking = await startingIn(22);
  const answer = await driver.post(cancelPath(booking), { expected_refund_amount: 1150 });
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('refund_changed');
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.status).toBe('confirmed');
});

test('each line is rounded by itself, half up, and the lines add up to the refund', async () => {
  const booking = await startingIn(22, priceOf(1001, 151));
  const { body } = await driver.get(quotePath(booking));
  expect(body.refund_items.map((item: { amount: number }) => item.amount)).toEqual([501, 76]);
  expect(body.refund_amount).toBe(577);
});

test('a policy without tiers keeps nothing back', async () => {
  const booking = await startingIn(1, { policy: {} });
  expect((await driver.get(quotePath(booking))).body.refund_percent).toBe(100);
});

test('a request that nobody has answered is cancelled for nothing', async () => {
  const booking = await startingIn(2, { instant: false });
  expect((await driver.get(quotePath(booking))).body.refund_percent).toBe(100);
});

test('moving a booking away does not bring back what cancelling would have kept', async () => {
  const booking = await startingIn(22);
  const later = await moved(driver, booking, {
    starts_at: inMinutes(100 * HOUR),
    ends_at: inMinutes(102 * HOUR),
  });
  expect((await driver.get(quotePath(later))).body.refund_percent).toBe(50);
});

describe('on the days on which clocks change in Los Angeles', () => {
  test.each([
    ['forward', 23],
    ['back', 25],
  ])('a day before is the same hour of the day before when they go %s', async (_, hours) => {
    // Far enough ahead that the tier has not ended.
    const [eve, day] = Array.from({ length: 366 }, (_, n) => [dayIn(n + 2), dayIn(n + 3)] as const).find(
      ([before, after]) => hoursBetween(at(before, '10:00'), at(after, '10:00')) === hours,
    ) ?? ['', ''];
    const booking = await placed(driver, host, { starts_at: at(day, '10:00'), ends_at: at(day, '11:00') });
    expect((await driver.get(quotePath(booking))).body).toMatchObject({
      refund_percent: 100,
      valid_until: at(eve, '10:00'),
    });
  });
});

const hoursBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 3_600_000;

test('a booking that has begun cannot be cancelled any more', async () => {
  const booking = await startingIn(0.1);
  expect((await host.get(quotePath(booking))).body.allowed).toBe(true);
  await stepped(driver, booking, 'active', { by: 'code' });
  expect((await host.get(quotePath(booking))).body.allowed).toBe(false);
  expect((await host.post(cancelPath(booking))).body.code).toBe('transition_not_allowed');
});

test('a repeated idempotency key cancels once and answers the same', async () => {
  const booking = await startingIn(30);
  const headers = { 'idempotency-key': randomUUID() };
  const first = await driver.post(cancelPath(booking), {}, { headers });
  expect(await driver.post(cancelPath(booking), {}, { headers })).toMatchObject({
    status: 200,
    body: first.body,
  });
});

test('nobody else is told what cancelling returns', async () => {
  const booking = await startingIn(30);
  const stranger = await signUp('driveway', { roles: ['driver'] });
  const foreigner = await signUp('handie', { roles: ['customer'] });
  expect((await stranger.get(quotePath(booking))).body.code).toBe('not_found');
  expect((await foreigner.get(quotePath(booking))).status).toBe(404);
  expect((await anonymous('driveway').get(quotePath(booking))).status).toBe(401);
  expect((await driver.get(quotePath({ id: randomUUID() }))).status).toBe(404);
});
