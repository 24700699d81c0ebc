import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { eventsOf, moved, placed, priceOf, reservationsOf, stepped } from './bookings.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

/** Minutes are counted from one moment, whatever minute it is when a test asks. */
const START = Math.floor(Date.now() / 60_000) * 60_000;
const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString();
const window = (from: number, to: number) => ({ starts_at: at(from), ends_at: at(to) });
const spans = async (booking: { id: string }) =>
  (await reservationsOf(booking)).map(row => [Date.parse(row.from), Date.parse(row.to)]);
const span = (from: number, to: number) => [Date.parse(at(from)), Date.parse(at(to))];

test.each([
  ['extended', 60, 180],
  ['shortened', 60, 90],
  ['begun earlier', 30, 120],
  ['widened on both sides', 30, 180],
  ['moved so that old and new overlap', 90, 150],
  ['moved to another time', 300, 360],
])('a booking is %s in place', async (_, from, to) => {
  const subject_id = randomUUID();
  const booking = await placed(driver, host, { subject_id, ...window(60, 120) });
  const result = await moved(driver, booking, { ...window(from, to), ...priceOf(2000, 300) });
  expect(result).toMatchObject({ id: booking.id, number: booking.number, status: 'confirmed', unit: 1 });
  expect(result).toMatchObject({ version: 2, total_amount: 2300 });
  expect(await spans(booking)).toEqual([span(from, to), span(from, to)]);
  const { body } = await driver.get(`/api/v1/bookings/${booking.id}`);
  expect(body).toMatchObject({ starts_at: at(from), ends_at: at(to), total_amount: 2300 });
  expect(body.timeline[1]).toMatchObject({
    event: 'moved',
    details: { from: { total_amount: 1150 }, to: { total_amount: 2300 } },
  });
  expect(await eventsOf(booking)).toEqual(['booking.placed', 'booking.confirmed', 'booking.moved']);
});

test('the old time is free again, and the new one taken', async () => {
  const resource_id = randomUUID();
  const booking = await placed(driver, host, { resource_id, ...window(60, 120) });
  await moved(driver, booking, window(90, 150));
  expect(await placed(rival, host, { resource_id, ...window(60, 90) })).toMatchObject({ unit: 1 });
  await expect(placed(rival, host, { resource_id, ...window(120, 180) })).rejects.toThrow(
    'reservation_no_overlap',
  );
});

test('a time that somebody else has is refused, and everything stays as it was', async () => {
  const resource_id = randomUUID();
  const booking = await placed(driver, host, { resource_id, ...window(60, 120) });
  const bystander = await placed(rival, host, { resource_id, ...window(150, 180) });
  // Free before, taken after.
  await expect(moved(driver, booking, window(30, 160))).rejects.toThrow('reservation_no_overlap');
  expect(await spans(booking)).toEqual([span(60, 120)]);
  expect(await spans(bystander)).toEqual([span(150, 180)]);
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.version).toBe(1);
});

test('what the customer brings is not moved to where it is already', async () => {
  const subject_id = randomUUID();
  await placed(driver, host, { subject_id, ...window(180, 240) });
  const booking = await placed(driver, host, { subject_id, ...window(60, 120) });
  await expect(moved(driver, booking, window(60, 200))).rejects.toThrow('subject_no_overlap');
  expect(await spans(booking)).toEqual([span(60, 120), span(60, 120)]);
});

test('where another unit is free the booking goes there', async () => {
  const resource_id = randomUUID();
  const two = { resource_id, capacity: 2 };
  const booking = await placed(driver, host, { ...two, ...window(60, 120) });
  await placed(rival, host, { ...two, ...window(120, 180) });
  expect(await moved(driver, booking, { capacity: 2, ...window(60, 150) })).toMatchObject({ unit: 2 });
  expect(await spans(booking)).toEqual([span(60, 150)]);
});

test('two bookings do not swap their times, and neither waits for the other for ever', async () => {
  const resource_id = randomUUID();
  const [one, two] = [
    await placed(driver, host, { resource_id, ...window(60, 120) }),
    await placed(rival, host, { resource_id, ...window(120, 180) }),
  ];
  const tries = await Promise.allSettled([
    moved(driver, one, window(120, 180)),
    moved(rival, two, window(60, 120)),
  ]);
  expect(tries.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
});

test('of a move and a booking after the same time one comes through', async () => {
  const resource_id = randomUUID();
  const booking = await placed(driver, host, { resource_id, ...window(60, 120) });
  const tries = await Promise.allSettled([
    moved(driver, booking, window(60, 180)),
    placed(rival, host, { resource_id, ...window(120, 180) }),
  ]);
  expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

test('a running booking is extended, and its start stays', async () => {
  const booking = await placed(driver, host, window(10, 120));
  const started = await stepped(driver, booking, 'active', { by: 'code' });
  await expect(moved(driver, started, window(20, 180))).rejects.toThrow('booking_not_movable');
  expect(await moved(driver, started, window(10, 180))).toMatchObject({ status: 'active', version: 3 });
});

test('the clock follows: nobody is taken not to come to a booking that was put off', async () => {
  const booking = await placed(driver, host, window(30, 90));
  await moved(driver, booking, window(300, 360));
  advanceClock(120 * 60);
  await runSchedule('sweep-timers');
  const statusNow = async () =>
    (await (await again(driver)).get(`/api/v1/bookings/${booking.id}`)).body.status;
  expect(await statusNow()).toBe('confirmed');
  advanceClock(250 * 60);
  await runSchedule('sweep-timers');
  expect(await statusNow()).toBe('no_show');
});

test.each([
  [
    'version_conflict',
    async () => ({ ...(await placed(driver, host, window(60, 120))), version: 7 }),
    60,
    180,
  ],
  ['starts_in_past', () => placed(driver, host, window(60, 120)), -60, 60],
  ['booking_not_movable', () => placed(driver, host, { instant: false, ...window(60, 120) }), 60, 180],
  ['booking_not_movable', () => placed(driver, host, { payment_timeout: 900, ...window(60, 120) }), 60, 180],
])('%s is refused', async (code, make, from, to) => {
  await expect(moved(driver, await make(), window(from, to))).rejects.toThrow(code);
});

test('a cancelled booking is not moved, nor anybody else’s, the host’s own guests included', async () => {
  const booking = await placed(driver, host, window(60, 120));
  await expect(moved(rival, booking, window(60, 180))).rejects.toThrow('not_found');
  await expect(moved(host, booking, window(60, 180))).rejects.toThrow('not_found');
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
  await expect(moved(driver, { ...booking, version: 2 }, window(60, 180))).rejects.toThrow(
    'booking_not_movable',
  );
});
