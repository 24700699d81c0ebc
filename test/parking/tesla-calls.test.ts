import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { signUp } from '../support/people.ts';
import { set } from '../support/settings.ts';
import { again, booked, inHours, listed } from './spaces.ts';
import { forgetCalls, linkTesla, move } from './tesla-vehicles.ts';

beforeEach(forgetCalls);

/** Takes as many calls at a moment. Returns how many there were, and the seconds that the last one is told to wait. */
async function take(times: number, at = new Date(), { kept = 0, marketplace = 'driveway' } = {}) {
  const [taken] = await asOwner(sql`
    select count(*) filter (where wait is null)::integer as got, (array_agg(wait order by n desc))[1] as wait
    from (select set_config('app.marketplace', ${marketplace}::text, true),
                 set_config('app.now', ${at.toISOString()}::text, true)) as context
    cross join lateral (
      select n, parking.take_tesla_call(${kept}::integer) as wait from generate_series(1, ${times}::integer) as n
      where context is not null) as calls`);
  return taken;
}

const after = (start: Date, minutes: number) => new Date(start.getTime() + minutes * 60_000);

test('two hundred calls an hour go through, and the next one is held back until the first is an hour old', async () => {
  const start = new Date();
  expect(await take(200, start)).toEqual({ got: 200, wait: null });
  expect(await take(1, after(start, 20))).toEqual({ got: 0, wait: 2400 });
  expect(await take(1, after(start, 59.9))).toEqual({ got: 0, wait: 6 });
  expect(await take(201, after(start, 60))).toEqual({ got: 200, wait: 3600 });
});

test('within any hour there are never more, however they are spread', async () => {
  const start = new Date();
  const moments: number[] = [];
  for (let minute = 0; minute < 300; minute += 7) {
    const { got } = await take(1 + ((minute * 37) % 60), after(start, minute));
    for (let call = 0; call < got; call += 1) moments.push(minute);
  }
  const inHour = moments.map(end => moments.filter(at => at <= end && at > end - 60).length);
  expect(Math.max(...inHour)).toBe(200);
});

test('of many who want the last calls at once each gets one that nobody else has', async () => {
  await take(190);
  const answers = await Promise.all(Array.from({ length: 20 }, () => take(1)));
  expect(answers.filter(({ got }) => got === 1)).toHaveLength(10);
});

test('readings leave twenty calls to navigation, and each marketplace has its own', async () => {
  expect((await take(200, new Date(), { kept: 20 })).got).toBe(180);
  expect((await take(30)).got).toBe(20);
  expect((await take(1, new Date(), { marketplace: 'handie' })).got).toBe(1);
});

test('the setting of the marketplace is the limit, from one call to the next', async () => {
  const limit = (value: number) => set('driveway', 'tesla_api_rate_limit', value);
  await limit(3);
  expect((await take(10)).got).toBe(3);
  await limit(0);
  expect(await take(1)).toEqual({ got: 0, wait: expect.any(Number) });
  await limit(200);
  expect((await take(1)).got).toBe(1);
});

test('when the calls are used up an import is refused, navigation waits and shows why, and no vehicle is read', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  await linkTesla(driver);
  const [vehicle] = (await driver.post('/api/v1/vehicles/import', {})).body.vehicles;
  const space = await listed(host, { advance_booking_hours: 0 });
  expect((await take(199)).got).toBe(199);
  expect(await driver.post('/api/v1/vehicles/import', {})).toMatchObject({ status: 429 });
  const booking = await booked(driver, space, inHours(0.2), inHours(6), { vehicle_id: vehicle.id });
  await deliverEvents();
  await runSchedule('watch-tesla-vehicles');
  const path = `/api/v1/bookings/${booking.id}/tesla`;
  expect((await driver.get(path)).body).toMatchObject({
    navigation_status: 'waiting',
    last_read_at: null,
    attempts: expect.arrayContaining([
      expect.objectContaining({ kind: 'navigation', outcome: 'held_back', code: 'tesla_api_rate_limit' }),
      expect.objectContaining({ kind: 'position', outcome: 'held_back', code: 'tesla_api_rate_limit' }),
    ]),
  });
  advanceClock(3_660);
  await runSchedule('sweep-timers');
  await deliverEvents();
  await runSchedule('watch-tesla-vehicles');
  expect((await move(vehicle.vin, {})).commands).toHaveLength(1);
  expect((await (await again(driver)).get(path)).body).toMatchObject({
    navigation_status: 'sent',
    last_read_at: expect.any(String),
  });
});
