import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { placed, priceOf, stepped } from '../booking/bookings.ts';
import { book, booked, inHours, listed } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { breaches } from './pay.ts';
import { promoOf, usesOf } from './promos.ts';

let host: Person;
let driver: Person;
let rival: Person;
let space: { id: string };
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
  space = await listed(host, { hourly_rate: 500, capacity: 50 });
});

let hour = 48;
async function used(person: Person, promo: { code: string }) {
  hour += 3;
  return book(person, space, inHours(hour), inHours(hour + 2), {}, { promo_code: promo.code });
}

/** A booking that its provider must accept, of $11.50 with a code that takes $2.00 off. */
const requested = (promo: { code: string }, more: Record<string, unknown> = {}) =>
  placed(driver, host, {
    instant: false,
    promo_code: promo.code,
    ...priceOf(1000, 150, 200),
    ...more,
  });

describe('a use comes back', () => {
  const released = { usage_count: 0, uses: [{ released_at: expect.any(String) }] };

  test('when its customer cancels before it is accepted, and can be used anew', async () => {
    const promo = await promoOf('driveway', { usage_limit: 1 });
    const booking = await requested(promo);
    expect(await used(rival, promo)).toMatchObject({ body: { code: 'promo_used_up' } });
    expect((await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {})).status).toBe(200);
    expect(await usesOf(promo)).toMatchObject(released);
    expect((await used(driver, promo)).status).toBe(201);
    expect(await usesOf(promo)).toMatchObject({ usage_count: 1 });
  });

  test('when its provider declines', async () => {
    const promo = await promoOf('driveway');
    const booking = await requested(promo);
    expect((await host.post(`/api/v1/bookings/${booking.id}/decline`, {})).status).toBe(200);
    expect(await usesOf(promo)).toMatchObject(released);
  });

  test('when nobody pays in time', async () => {
    const promo = await promoOf('driveway');
    await requested(promo, { instant: true, payment_timeout: 900 });
    advanceClock(1000);
    await runSchedule('sweep-timers');
    expect(await usesOf(promo)).toMatchObject(released);
  });

  test('when its provider cancels afterwards, but not when its customer does', async () => {
    const promo = await promoOf('driveway', { per_user_limit: 2 });
    const kept = (await used(driver, promo)).body;
    const lost = (await used(driver, promo)).body;
    await stepped(host, kept, 'cancelled');
    await driver.post(`/api/v1/bookings/${lost.id}/cancel`, {});
    expect(await usesOf(promo)).toMatchObject({
      usage_count: 1,
      uses: [
        { booking_id: kept.id, released_at: expect.any(String) },
        { booking_id: lost.id, released_at: null },
      ],
    });
    expect(await breaches()).toEqual([]);
  });
});

test('uses that come and go at once are counted right', async () => {
  const promo = await promoOf('driveway', { usage_limit: 4, per_user_limit: 10 });
  const first = await Promise.all(Array.from({ length: 4 }, () => requested(promo)));
  const answers = await Promise.all([
    ...first.map(({ id }) => driver.post(`/api/v1/bookings/${id}/cancel`, {})),
    ...first.map(() => used(rival, promo)),
  ]);
  const [cancelled, tried] = [answers.slice(0, 4), answers.slice(4)];
  expect(cancelled.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const passed = tried.filter(({ status }) => status === 201).length;
  expect(tried.filter(({ body }) => body.code === 'promo_used_up')).toHaveLength(4 - passed);
  expect((await usesOf(promo)).usage_count).toBe(passed);
  expect(await breaches()).toEqual([]);
});

describe('a booking that is moved', () => {
  test('keeps what its code gave when it was made, reckoned by the new price', async () => {
    const own = await listed(host, { hourly_rate: 500 });
    const promo = await promoOf('driveway', { max_discount_amount: 700 });
    const booking = await booked(driver, own, inHours(24), inHours(26), { promo_code: promo.code });
    await asOwner(
      sql`update money.promo_codes set is_active = false, discount_value = 100 where id = ${promo.id}::uuid returning id`,
    );
    const path = `/api/v1/parking/bookings/${booking.id}`;
    const window = { to: inHours(30) };
    expect((await driver.post(`${path}/quote`, window)).body).toMatchObject({
      subtotal_amount: 3000,
      discount_amount: 600,
      total_amount: 2850,
    });
    const longer = await driver.post(`${path}/extend`, { ...window, expected_total_amount: 2850 });
    expect(longer.body).toMatchObject({ discount_amount: 600, total_amount: 2850 });
    const longest = await driver.post(`${path}/extend`, { to: inHours(34) });
    expect(longest.body).toMatchObject({ subtotal_amount: 5000, discount_amount: 700, total_amount: 5050 });
    expect(await usesOf(promo)).toMatchObject({ usage_count: 1, uses: [{ discount_amount: 700 }] });
    expect(await breaches()).toEqual([]);
  });

  test('pays the full price below the minimum of its code', async () => {
    const own = await listed(host, { hourly_rate: 500 });
    const promo = await promoOf('driveway', { min_booking_amount: 1000 });
    const booking = await booked(driver, own, inHours(48), inHours(50), { promo_code: promo.code });
    const path = `/api/v1/parking/bookings/${booking.id}`;
    const shorter = await driver.post(`${path}/extend`, { to: inHours(49) });
    expect(shorter.body).toMatchObject({ discount_amount: 0, subtotal_amount: 500, total_amount: 575 });
    expect(await usesOf(promo)).toMatchObject({ usage_count: 1, uses: [{ discount_amount: 0 }] });
    const back = await driver.post(`${path}/extend`, { to: inHours(50) });
    expect(back.body).toMatchObject({ discount_amount: 200, total_amount: 950 });
  });
});
