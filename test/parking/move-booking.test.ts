import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { stepped } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { again, book, booked, inHours, listed, vehicleOf } from './spaces.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

type Named = { id: string };
const path = (booking: Named) => `/api/v1/parking/bookings/${booking.id}`;
const reschedule = (person: Person, booking: Named, from: string, to: string, more = {}, headers = {}) =>
  person.post(`${path(booking)}/reschedule`, { from, to, ...more }, { headers });
const extend = (person: Person, booking: Named, to: string, more = {}) =>
  person.post(`${path(booking)}/extend`, { to, ...more });
const quote = (person: Person, booking: Named, window: { from?: string; to?: string }) =>
  person.post(`${path(booking)}/quote`, window);
const codes = (answer: { body: { reasons: { code: string }[] } }) =>
  answer.body.reasons.map(({ code }) => code);
const taken = (resource: string) =>
  asOwner(
    sql`select lower(during) as from, upper(during) as to from booking.reservations
        where resource_id = ${resource}::uuid order by during`,
  );

test('a booking moves in place, at the price of the new time, in two trips', async () => {
  const space = await listed(host, { hourly_rate: 500 });
  const booking = await booked(driver, space, inHours(24), inHours(26));
  const [from, to] = [inHours(25), inHours(29)];
  const quoted = await quote(driver, booking, { from, to });
  expect(quoted.body).toMatchObject({
    available: true,
    starts_at: from,
    ends_at: to,
    total_amount: 2300,
    booked_total_amount: 1150,
  });
  const lines = await logsOf(async () => {
    const answer = await reschedule(driver, booking, from, to, { expected_total_amount: 2300 });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      id: booking.id,
      number: booking.number,
      status: 'confirmed',
      starts_at: from,
      ends_at: to,
      total_amount: 2300,
      version: 2,
    });
  });
  expect(lines.find(line => line.message === 'request')?.trips).toBe(2);
  const [row, ...others] = await taken(space.id);
  expect(others).toEqual([]);
  expect([Date.parse(row.from), Date.parse(row.to)]).toEqual([Date.parse(from), Date.parse(to)]);
  expect((await book(rival, space, inHours(23.5), inHours(24.6))).status).toBe(201);
});

test('a longer stay costs the rates that were agreed, another time the rates of today', async () => {
  const space = await listed(host, { hourly_rate: 500 });
  const booking = await booked(driver, space, inHours(24), inHours(26));
  await host.patch(`/api/v1/parking/spaces/${space.id}`, { hourly_rate: 1000 });
  expect((await quote(driver, booking, { to: inHours(28) })).body.subtotal_amount).toBe(2000);
  expect((await quote(driver, booking, { from: inHours(25), to: inHours(27) })).body.subtotal_amount).toBe(
    2000,
  );
  const longer = await extend(driver, booking, inHours(28));
  expect(longer.body).toMatchObject({ subtotal_amount: 2000, facts: { rates: { hourly_rate: 500 } } });
  const moved = await reschedule(driver, booking, inHours(30), inHours(32));
  expect(moved.body).toMatchObject({ subtotal_amount: 2000, facts: { rates: { hourly_rate: 1000 } } });
});

test('a stay that has begun becomes longer, and starts when it did', async () => {
  const parker = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host);
  const booking = await booked(parker, space, inHours(2), inHours(4));
  const to = inHours(5);
  await stepped('driveway', booking, 'active');
  advanceClock(3 * 3600);
  const later = await again(parker);
  const other = await reschedule(later, booking, inHours(1.5), inHours(4));
  expect(other.body.code).toBe('booking_not_movable');
  const answer = await extend(later, booking, to);
  expect(answer.body).toMatchObject({ status: 'active', starts_at: booking.starts_at, ends_at: to });
});

describe('why it is not possible', () => {
  test('somebody else has the time, and what was booked stays', async () => {
    const space = await listed(host);
    const booking = await booked(driver, space, inHours(24), inHours(26));
    await booked(rival, space, inHours(26), inHours(28));
    expect(codes(await quote(driver, booking, { to: inHours(27) }))).toEqual(['slot_taken']);
    expect((await extend(driver, booking, inHours(27))).body.code).toBe('slot_taken');
    const after = (await driver.get(`/api/v1/bookings/${booking.id}`)).body;
    expect(after).toMatchObject({ ends_at: booking.ends_at, version: 1 });
  });

  test('the vehicle is elsewhere then', async () => {
    const { id: vehicle_id } = await vehicleOf(driver);
    const booking = await booked(driver, await listed(host), inHours(24), inHours(26), { vehicle_id });
    await booked(driver, await listed(host), inHours(26), inHours(28), { vehicle_id });
    expect(codes(await quote(driver, booking, { to: inHours(27) }))).toEqual(['vehicle_busy']);
    expect((await extend(driver, booking, inHours(27))).body.code).toBe('vehicle_busy');
    expect((await reschedule(driver, booking, inHours(28), inHours(30))).status).toBe(200);
  });

  test.each([
    ['too_long', 48, 48 + 169],
    ['too_short', 48, 48.5],
    ['starts_in_past', -1, 50],
    ['too_soon', 0.5, 3],
    ['beyond_horizon', 366 * 24, 366 * 24 + 2],
  ])('%s', async (code, from, to) => {
    const booking = await booked(driver, await listed(host), inHours(48), inHours(50));
    const window = { from: from === 48 ? booking.starts_at : inHours(from), to: inHours(to) };
    expect(codes(await quote(driver, booking, window))).toEqual([code]);
    expect((await reschedule(driver, booking, window.from, window.to)).body.code).toBe(code);
  });

  test('the space is paused', async () => {
    const space = await listed(host);
    const booking = await booked(driver, space, inHours(24), inHours(26));
    await host.patch(`/api/v1/parking/spaces/${space.id}`, { listing_status: 'inactive' });
    expect((await extend(driver, booking, inHours(27))).body.code).toBe('space_not_listed');
  });

  test('the price is another one', async () => {
    const booking = await booked(driver, await listed(host), inHours(24), inHours(26));
    const answer = await extend(driver, booking, inHours(27), { expected_total_amount: 1 });
    expect(answer).toMatchObject({ status: 409, body: { code: 'price_changed', total_amount: 1725 } });
  });

  test('it is cancelled', async () => {
    const booking = await booked(driver, await listed(host), inHours(24), inHours(26));
    await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
    expect((await extend(driver, booking, inHours(27))).body.code).toBe('booking_not_movable');
  });
});

test('of two moves at once one counts', async () => {
  const booking = await booked(driver, await listed(host), inHours(48), inHours(50));
  const answers = await Promise.all([
    extend(driver, booking, inHours(51)),
    reschedule(driver, booking, inHours(60), inHours(61)),
  ]);
  const codes = answers.map(({ status, body }) => (status === 200 ? 'moved' : body.code)).sort();
  // The slower one has either been too late, or has seen the first.
  expect(codes[0] === 'moved' && ['moved', 'version_conflict'].includes(codes[1] ?? '')).toBe(true);
  const after = (await driver.get(`/api/v1/bookings/${booking.id}`)).body;
  expect(after.version).toBe(1 + codes.filter(code => code === 'moved').length);
});

test('of a mover and a newcomer after the same hour one gets it', async () => {
  for (let turn = 0; turn < 5; turn += 1) {
    const space = await listed(host);
    const booking = await booked(driver, space, inHours(24), inHours(26));
    const [moved, fresh] = await Promise.all([
      extend(driver, booking, inHours(28)),
      book(rival, space, inHours(27), inHours(29)),
    ]);
    expect([moved.status === 200, fresh.status === 201].filter(Boolean)).toHaveLength(1);
  }
});

test('a repeated idempotency key moves once', async () => {
  const booking = await booked(driver, await listed(host), inHours(24), inHours(26));
  const headers = { 'idempotency-key': randomUUID() };
  const [from, to] = [inHours(30), inHours(33)];
  const first = await reschedule(driver, booking, from, to, {}, headers);
  const second = await reschedule(driver, booking, from, to, {}, headers);
  expect(second).toMatchObject({ status: 200, body: first.body });
  expect(second.body.version).toBe(2);
});

test('only who has booked moves, and only parking', async () => {
  const booking = await booked(driver, await listed(host), inHours(24), inHours(26));
  const bystander = await booked(rival, await listed(host), inHours(24), inHours(26));
  for (const person of [host, rival]) {
    expect((await quote(person, booking, { to: inHours(27) })).status).toBe(404);
    expect((await extend(person, booking, inHours(27))).status).toBe(404);
    expect((await reschedule(person, booking, inHours(30), inHours(31))).status).toBe(404);
  }
  await extend(driver, booking, inHours(27));
  expect((await rival.get(`/api/v1/bookings/${bystander.id}`)).body.version).toBe(1);
});
