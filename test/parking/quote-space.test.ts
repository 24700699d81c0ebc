import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { driveway } from '../../marketplaces/driveway.ts';
import { anonymous, type Client } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { withSetting } from '../support/settings.ts';
import { book, booked, carFor, inHours, listed } from './spaces.ts';

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const quote = async (somebody: Client, space: { id: string }, from: string, to: string) =>
  somebody.post(`/api/v1/parking/spaces/${space.id}/quote`, {
    from,
    to,
    vehicle_id: await carFor(somebody, space, from, to),
  });
const codes = (answer: { body: { reasons: { code: string }[] } }) =>
  answer.body.reasons.map(({ code }) => code);

test('a quote tells lines, totals and rules, to anybody and in one trip', async () => {
  const space = await listed(host, { hourly_rate: 500, daily_rate: 4000 });
  const [from, to] = [inHours(24), inHours(24 + 26)];
  const lines = await logsOf(async () => {
    const answer = await quote(anonymous('driveway'), space, from, to);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      starts_at: from,
      ends_at: to,
      instant: true,
      time_zone: 'America/Los_Angeles',
      currency: 'USD',
      subtotal_amount: 5000,
      fee_amount: 750,
      total_amount: 5750,
      policy: JSON.parse(JSON.stringify(driveway.policies.parking)),
      available: true,
      reasons: [],
    });
    expect(answer.body.line_items.map((line: { code: string }) => line.code)).toEqual([
      'parking_days',
      'parking',
      'service_fee',
    ]);
  });
  expect(lines.find(line => line.message === 'request')?.trips).toBe(1);
});

test('what was quoted is what is booked, with its rates and rules', async () => {
  const space = await listed(host, { hourly_rate: 500, daily_rate: 4000, weekly_rate: 20_000 });
  const [from, to] = [inHours(24), inHours(24 + 100)];
  const { line_items, total_amount, policy } = (await quote(driver, space, from, to)).body;
  const booking = await booked(driver, space, from, to, { expected_total_amount: total_amount });
  expect(booking).toMatchObject({ line_items, total_amount, policy });
});

test('a price that is not the expected one is refused, with the one that it is', async () => {
  const space = await listed(host, { hourly_rate: 500 });
  const [from, to] = [inHours(24), inHours(26)];
  const { total_amount } = (await quote(driver, space, from, to)).body;
  await host.patch(`/api/v1/parking/spaces/${space.id}`, { hourly_rate: 600 });
  const answer = await book(driver, space, from, to, {}, { expected_total_amount: total_amount });
  expect(answer).toMatchObject({
    status: 409,
    body: { code: 'price_changed', total_amount: 1380, errors: [{ field: 'expected_total_amount' }] },
  });
  expect(await asOwner(sql`select 1 from booking.bookings where resource_id = ${space.id}::uuid`)).toEqual(
    [],
  );
  expect((await book(driver, space, from, to, {}, { expected_total_amount: 1380 })).status).toBe(201);
});

describe('why it is not possible', () => {
  test.each([
    ['starts_in_past', -1, 26],
    ['too_soon', 0.5, 3],
    ['too_short', 24, 24.9],
    ['too_long', 24, 24 + 169],
    ['beyond_horizon', 366 * 24, 366 * 24 + 2],
  ])('%s, with the price all the same, and refused when booked', async (code, from, to) => {
    const space = await listed(host);
    const answer = await quote(driver, space, inHours(from), inHours(to));
    expect(answer.body).toMatchObject({ available: false, currency: 'USD' });
    expect(answer.body.total_amount).toBeGreaterThan(0);
    expect(codes(answer)).toEqual([code]);
    expect(answer.body.reasons[0].title).toMatch(/\.$/);
    expect((await book(driver, space, inHours(from), inHours(to))).body.code).toBe(code);
  });

  test('a taken hour', async () => {
    const space = await listed(host);
    await booked(driver, space, inHours(24), inHours(26));
    expect(codes(await quote(driver, space, inHours(25), inHours(27)))).toEqual(['slot_taken']);
  });

  test('the space is one’s own, beside everything else', async () => {
    const space = await listed(host, { advance_booking_hours: 48 });
    expect(codes(await quote(host, space, inHours(24), inHours(26)))).toEqual(['own_space', 'too_soon']);
  });

  test('it is closed, or kept by its owner', async () => {
    const space = await listed(host);
    const rules = `/api/v1/resources/${space.id}/availability/rules`;
    const wall = (hours: number) =>
      new Date(Date.now() + hours * 3_600_000)
        .toLocaleString('sv-SE', { timeZone: 'America/Los_Angeles' })
        .replace(' ', 'T')
        .slice(0, 16);
    const rule = (availability_type: string, from: number, to: number) =>
      host.post(rules, { availability_type, start_time: wall(from), end_time: wall(to) });
    expect((await rule('available', 24, 48)).status).toBe(201);
    expect((await rule('blocked', 30, 32)).status).toBe(201);
    expect(codes(await quote(driver, space, inHours(47), inHours(50)))).toEqual(['closed']);
    expect(codes(await quote(driver, space, inHours(30.5), inHours(31.6)))).toEqual(['blocked']);
    expect((await book(driver, space, inHours(47), inHours(50))).body.code).toBe('closed');
    expect((await book(driver, space, inHours(30.5), inHours(31.6))).body.code).toBe('blocked');
    expect((await book(driver, space, inHours(33), inHours(35))).status).toBe(201);
  });
});

test('buffers keep the time around a booking free', async () => {
  const space = await listed(host, { buffer_before_minutes: 15, buffer_after_minutes: 30 });
  await booked(driver, space, inHours(24), inHours(26));
  expect(codes(await quote(driver, space, inHours(26.6), inHours(28)))).toEqual(['slot_taken']);
  expect(codes(await quote(driver, space, inHours(26.8), inHours(28)))).toEqual([]);
});

test('the fee is the setting’s, and a booking keeps the one that it was made under', async () => {
  const space = await listed(host, { hourly_rate: 1000 });
  const booking = await booked(driver, space, inHours(24), inHours(34));
  expect(booking.fee_amount).toBe(1500);
  await withSetting('driveway', 'platform_fee_percentage', 10, async () => {
    expect((await quote(driver, space, inHours(44), inHours(54))).body.fee_amount).toBe(1000);
    expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.fee_amount).toBe(1500);
  });
});

test('a window without length, a space that is not listed and a wrong field have no quote', async () => {
  const space = await listed(host);
  const none = await quote(driver, space, inHours(24), inHours(24));
  expect(none).toMatchObject({ status: 422, body: { code: 'ends_before_start', errors: [{ field: 'to' }] } });
  await host.patch(`/api/v1/parking/spaces/${space.id}`, { listing_status: 'inactive' });
  const paused = await quote(driver, space, inHours(24), inHours(26));
  expect(paused).toMatchObject({ status: 409, body: { code: 'space_paused' } });
  expect((await quote(driver, { id: randomUUID() }, inHours(24), inHours(26))).status).toBe(404);
  expect((await quote(anonymous('handie'), space, inHours(24), inHours(26))).status).toBe(404);
  const wrong = await driver.post(`/api/v1/parking/spaces/${space.id}/quote`, {
    from: 'now',
    to: inHours(2),
  });
  expect(wrong.body.errors[0].field).toBe('from');
});
