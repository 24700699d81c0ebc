import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock, setClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { again } from './spaces.ts';
import { MINUTE, pathOf, readNext, scene, tripOf, watch } from './tesla-scene.ts';
import { forgetCalls, move, orderFault } from './tesla-vehicles.ts';

beforeEach(forgetCalls);

test('arrival begins the booking, and three readings in a row outside end it', async () => {
  const { driver, host, booking, drive } = await scene({ minutes: 60 });
  await drive(5_000);
  await watch(44 * MINUTE);
  expect((await tripOf(booking)).last_read_at).toBeNull();
  await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({ arrival_detected_at: null, status: 'confirmed' });
  await drive(40);
  await readNext(booking);
  const arrived = await tripOf(booking);
  expect(arrived).toMatchObject({
    status: 'active',
    arrival_detected_at: expect.any(String),
    parked_at: null,
  });
  await drive(20, { shift_state: 'P' });
  await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({ parked_at: expect.any(String), auto_park_attempted: false });

  await drive(100);
  await readNext(booking);
  await drive(400);
  await readNext(booking);
  await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({ outside_readings: 2, status: 'active' });
  await readNext(booking);
  const gone = await tripOf(booking);
  expect(gone).toMatchObject({
    status: 'completed',
    departure_detected_at: expect.any(String),
    read_at: null,
  });
  expect(Date.parse(gone.departure_detected_at)).toBe(Date.parse(gone.outside_since));
  const [d, h] = await Promise.all([again(driver), again(host)]);
  const { timeline } = (await d.get(pathOf(booking, ''))).body;
  expect(
    timeline.map(({ party, reason, details }: Record<string, unknown>) => ({ party, reason, details })),
  ).toEqual([
    expect.objectContaining({ party: 'customer' }),
    { party: 'system', reason: 'arrival_detected', details: { proof: 'vehicle' } },
    { party: 'system', reason: 'departure_detected', details: { proof: 'vehicle' } },
  ]);
  // The owner sees that it came and went, and nothing of the driver's account.
  expect((await h.get(pathOf(booking))).body).toMatchObject({
    arrival_detected_at: expect.any(String),
    departure_detected_at: expect.any(String),
    attempts: [],
  });
  expect(
    (await (await again(await signUp('driveway', { roles: ['driver'] }))).get(pathOf(booking))).status,
  ).toBe(404);
});

test('who leaves within the grace pays nothing for the time that it takes to notice', async () => {
  const { booking, drive } = await scene({ minutes: 30, hours: 1 });
  await drive(10, { shift_state: 'P' });
  await watch(16 * MINUTE);
  setClock(Date.parse(booking.ends_at) + 5 * MINUTE * 1000);
  await drive(500);
  for (let round = 0; round < 3; round += 1) await watch(6 * MINUTE);
  const trip = await tripOf(booking);
  expect(trip.status).toBe('completed');
  const [row] = await asOwner(
    sql`select completed_at, overstay_amount from booking.bookings where id = ${booking.id}::uuid`,
  );
  expect(row.overstay_amount).toBe(0);
  expect(Date.parse(row.completed_at)).toBe(Date.parse(trip.departure_detected_at));
});

test('a single reading outside, and one between the circles, end nothing', async () => {
  const { booking, drive } = await scene({ minutes: 30 });
  await drive(10, { shift_state: 'P' });
  await watch(16 * MINUTE);
  for (const metres of [300, 120, 20, 300, 300, 30]) {
    await drive(metres);
    await readNext(booking);
  }
  expect(await tripOf(booking)).toMatchObject({
    status: 'active',
    departure_detected_at: null,
    outside_readings: 0,
  });
});

test('who leaves in the middle of a long stay and comes back has not left', async () => {
  const { booking, drive } = await scene({ minutes: 30, hours: 72 });
  await drive(10, { shift_state: 'P' });
  await watch(16 * MINUTE);
  await drive(9_000);
  for (let round = 0; round < 4; round += 1) await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({
    status: 'active',
    departure_detected_at: expect.any(String),
  });
  await drive(15, { shift_state: 'P' });
  await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({ status: 'active', departure_detected_at: null });
});

test('a vehicle that sleeps has neither come nor gone, and is not woken', async () => {
  const { booking, drive, vin } = await scene({ minutes: 30 });
  await drive(10, { shift_state: 'P' });
  await watch(16 * MINUTE);
  await move(vin, { state: 'asleep' });
  const before = await tripOf(booking);
  await readNext(booking);
  const after = await tripOf(booking);
  expect(after).toMatchObject({ status: 'active', last_error: null, last_read_at: before.last_read_at });
  expect((await move(vin, {})).state).toBe('asleep');
});

test('a vehicle that parks itself is noted, with whether it succeeded', async () => {
  const well = await scene({ minutes: 30 });
  await well.drive(1_000);
  await watch(16 * MINUTE);
  await well.drive(30, { shift_state: 'R', autopark_state_v3: 'active' });
  await readNext(well.booking);
  await well.drive(5, { shift_state: 'P', autopark_state_v3: 'standby' });
  await readNext(well.booking);
  expect(await tripOf(well.booking)).toMatchObject({ auto_park_attempted: true, auto_park_successful: true });

  const badly = await scene({ minutes: 30 });
  await badly.drive(1_000);
  await watch(16 * MINUTE);
  await badly.drive(30, { shift_state: 'R', last_autopark_error: 'user_aborted' });
  await readNext(badly.booking);
  await badly.drive(5, { shift_state: 'P' });
  await readNext(badly.booking);
  const failed = await tripOf(badly.booking);
  expect(failed).toMatchObject({ auto_park_attempted: true, auto_park_successful: false, status: 'active' });
  expect(failed.attempts).toContainEqual({
    kind: 'auto_park',
    outcome: 'failed',
    code: 'user_aborted',
    times: 1,
  });

  // What went wrong last week is not of this parking.
  const old = await scene({ minutes: 30 });
  await old.drive(1_000, { last_autopark_error: 'user_aborted' });
  await watch(16 * MINUTE);
  await old.drive(5, { shift_state: 'P' });
  await readNext(old.booking);
  expect(await tripOf(old.booking)).toMatchObject({
    auto_park_attempted: false,
    parked_at: expect.any(String),
  });
});

test('readings that fail stand on the booking once, counted, and end nothing', async () => {
  const { booking, drive, vin } = await scene({ minutes: 30 });
  await drive(1_000);
  const path = `/api/1/vehicles/${vin}/vehicle_data`;
  await orderFault(path, 503);
  await watch(16 * MINUTE);
  await orderFault(path, 503);
  await readNext(booking);
  await orderFault(path, 429, {}, '300');
  await readNext(booking);
  const trip = await tripOf(booking);
  expect(trip.attempts.filter(({ kind }: { kind: string }) => kind === 'position')).toEqual([
    { kind: 'position', outcome: 'failed', code: 'http_503', times: 2 },
    { kind: 'position', outcome: 'held_back', code: 'rate_limited', times: 1 },
  ]);
  expect(Date.parse(trip.read_at) - Date.now()).toBeGreaterThan(290_000);
  expect(trip.status).toBe('confirmed');
  await drive(10);
  await readNext(booking);
  expect(await tripOf(booking)).toMatchObject({ status: 'active', last_error: null });
});

test('a driver who has checked in already is not disturbed by the arrival', async () => {
  const { driver, booking, drive } = await scene({ minutes: 30 });
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  await drive(10, { shift_state: 'P' });
  advanceClock(20 * MINUTE);
  const d: Person = await again(driver);
  expect((await d.post(pathOf(booking, '/check-in'), { access_code })).body.status).toBe('active');
  await watch(MINUTE);
  expect(await tripOf(booking)).toMatchObject({ status: 'active', arrival_detected_at: expect.any(String) });
});

test('a booking that cannot take the step stays as it is, and shows why', async () => {
  const { driver, booking } = await scene({ minutes: 30 });
  await driver.post(pathOf(booking, '/cancel'), {});
  const follow = sql`select parking.follow_vehicle(${booking.id}::uuid, 'arrival') as status`;
  await asOwner(follow);
  await asOwner(follow);
  expect(await tripOf(booking)).toMatchObject({
    status: 'cancelled',
    attempts: [{ kind: 'arrival', outcome: 'failed', code: 'transition_not_allowed', times: 2 }],
  });
});
