import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runAsWorker } from '../support/invoke.ts';
import { signUp } from '../support/people.ts';
import { booked, inHours, listed, vehicleOf } from './spaces.ts';
import { commandsOf, MINUTE, pass, pathOf, scene, tripOf } from './tesla-scene.ts';
import { forgetCalls, move, orderFault } from './tesla-vehicles.ts';

beforeEach(forgetCalls);

test('a booking that begins soon sends the driver’s Tesla its way once, with the coordinates of the space', async () => {
  const { driver, space, booking, vin } = await scene({ minutes: 20 });
  await deliverEvents();
  const { latitude, longitude } = space.location;
  expect(await commandsOf(vin)).toEqual([
    {
      command: 'navigation_gps_request',
      body: { lat: expect.closeTo(latitude, 8), lon: expect.closeTo(longitude, 8), order: 1 },
    },
  ]);
  expect((await driver.get(pathOf(booking))).body).toMatchObject({
    booking_id: booking.id,
    navigation_status: 'sent',
    tesla_navigation_sent: true,
    last_error: null,
    attempts: [{ kind: 'navigation', outcome: 'succeeded', code: '', times: 1 }],
  });
  await pass(5 * MINUTE);
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('a booking of tomorrow sends it half an hour before its start', async () => {
  const { booking, vin } = await scene({ minutes: 24 * 60 });
  await deliverEvents();
  expect(await commandsOf(vin)).toEqual([]);
  await pass(23 * 3600);
  expect(await commandsOf(vin)).toEqual([]);
  await pass(31 * MINUTE);
  expect(await commandsOf(vin)).toHaveLength(1);
  expect((await tripOf(booking)).tesla_navigation_sent).toBe(true);
});

test('a vehicle that sleeps is woken, and sent its way when it is awake', async () => {
  const { booking, vin } = await scene({
    minutes: 20,
    before: sleeper => move(sleeper, { state: 'asleep' }),
  });
  await deliverEvents();
  expect(await tripOf(booking)).toMatchObject({
    navigation_status: 'waiting',
    last_error: 'vehicle_asleep',
    attempts: [
      { kind: 'navigation', outcome: 'failed', code: 'vehicle_asleep', times: 1 },
      { kind: 'wake_up', outcome: 'succeeded', code: '', times: 1 },
    ],
  });
  await pass(MINUTE);
  expect(await commandsOf(vin)).toHaveLength(1);
  expect(await tripOf(booking)).toMatchObject({ navigation_status: 'sent', last_error: null });
});

test('a vehicle that stays out of reach is given up after eight tries, and the booking goes on', async () => {
  const { driver, booking, vin } = await scene({
    minutes: 20,
    before: lost => move(lost, { state: 'offline' }),
  });
  await deliverEvents();
  for (let round = 0; round < 8; round += 1) await pass(MINUTE);
  expect(await commandsOf(vin)).toEqual([]);
  const trip = await tripOf(booking);
  expect(trip).toMatchObject({
    navigation_status: 'failed',
    last_error: 'vehicle_asleep',
    status: 'confirmed',
  });
  expect(trip.attempts).toContainEqual({
    kind: 'navigation',
    outcome: 'failed',
    code: 'vehicle_asleep',
    times: 8,
  });
  const [event] = await asOwner(
    sql`select payload from app.outbox where type = 'parking.navigation_failed'
        and payload ->> 'booking_id' = ${booking.id}::text`,
  );
  expect(event.payload).toMatchObject({ user_id: driver.id, error: 'vehicle_asleep' });
});

test('too many requests are answered by waiting as long as Tesla asks for', async () => {
  const { booking, vin } = await scene({
    minutes: 20,
    before: async busy => {
      await orderFault(`/api/1/vehicles/${busy}/command/navigation_gps_request`, 429, {}, '600');
    },
  });
  await deliverEvents();
  expect(await tripOf(booking)).toMatchObject({
    navigation_status: 'waiting',
    attempts: [{ kind: 'navigation', outcome: 'held_back', code: 'rate_limited', times: 1 }],
  });
  await pass(9 * MINUTE);
  expect(await commandsOf(vin)).toEqual([]);
  await pass(2 * MINUTE);
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('a Tesla that is down is tried again, ever more seldom', async () => {
  const { booking, vin } = await scene({
    minutes: 20,
    before: async down => {
      const path = `/api/1/vehicles/${down}/command/navigation_gps_request`;
      await orderFault(path, 503);
      await orderFault(path, 503);
    },
  });
  await deliverEvents();
  await pass(31);
  expect(await tripOf(booking)).toMatchObject({ navigation_status: 'waiting', last_error: 'http_503' });
  await pass(31);
  expect(await commandsOf(vin)).toEqual([]);
  await pass(31);
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('a vehicle that takes no coordinates gets the place as a text', async () => {
  const { vin, space } = await scene({ minutes: 20, before: old => move(old, { refuses: 'coordinates' }) });
  await deliverEvents();
  const [sent] = await commandsOf(vin);
  expect(sent?.command).toBe('navigation_request');
  const [latitude, longitude] = String(sent?.body.value?.['android.intent.extra.TEXT'])
    .split(',')
    .map(Number);
  expect(latitude).toBeCloseTo(space.location.latitude, 8);
  expect(longitude).toBeCloseTo(space.location.longitude, 8);
});

test('what only the driver can mend is not tried again and stands on the booking', async () => {
  const unsigned = await scene({ minutes: 20, before: vin => move(vin, { refuses: 'unsigned' }) });
  await deliverEvents();
  expect(await tripOf(unsigned.booking)).toMatchObject({
    navigation_status: 'failed',
    last_error: 'command_protocol_required',
    status: 'confirmed',
  });
  const broken = await scene({ minutes: 90 });
  await asOwner(
    sql`update identity.tesla_accounts set status = 'broken' where user_id = ${broken.driver.id}::uuid returning 1 as done`,
  );
  await pass(61 * MINUTE);
  expect(await tripOf(broken.booking)).toMatchObject({
    navigation_status: 'failed',
    last_error: 'tesla_link_broken',
  });
  const unlinked = await scene({ minutes: 90 });
  await unlinked.driver.delete('/api/v1/users/me/tesla');
  await pass(61 * MINUTE);
  expect(await tripOf(unlinked.booking)).toMatchObject({
    navigation_status: 'failed',
    last_error: 'tesla_not_linked',
  });
});

test('an expired token is refreshed on the way', async () => {
  const { driver, booking, vin } = await scene({ minutes: 90 });
  await asOwner(
    sql`update identity.tesla_accounts set expires_at = app.now() - interval '1 hour'
        where user_id = ${driver.id}::uuid returning 1 as done`,
  );
  await pass(61 * MINUTE);
  expect(await tripOf(booking)).toMatchObject({ navigation_status: 'sent' });
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('a driver in Europe is served by Europe’s servers', async () => {
  const { vin } = await scene({ minutes: 20, subject: `eu-${randomUUID()}` });
  await deliverEvents();
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('an account that Tesla serves from another region is asked there from then on', async () => {
  const { driver, vin } = await scene({ minutes: 20, subject: `eu-${randomUUID()}` });
  const region = async () =>
    (await asOwner(sql`select region from identity.tesla_accounts where user_id = ${driver.id}::uuid`))[0]
      .region;
  expect(await region()).toBe('eu');
  await asOwner(
    sql`update identity.tesla_accounts set region = 'na' where user_id = ${driver.id}::uuid returning region`,
  );
  await deliverEvents();
  expect(await commandsOf(vin)).toHaveLength(1);
  expect(await region()).toBe('eu');
});

test('the message that comes twice, and two consumers at once, send the way once', async () => {
  const { booking, vin } = await scene({ minutes: 90 });
  advanceClock(61 * MINUTE);
  const record = {
    messageId: randomUUID(),
    body: JSON.stringify({
      'detail-type': 'parking.navigation_due',
      detail: {
        event_id: randomUUID(),
        marketplace: 'driveway',
        occurred_at: new Date().toISOString(),
        booking_id: booking.id,
      },
    }),
  };
  await Promise.all([1, 2].map(() => runAsWorker('queue', 'tesla', { Records: [record] })));
  await runAsWorker('queue', 'tesla', { Records: [record, record] });
  expect(await commandsOf(vin)).toHaveLength(1);
  // Of another marketplace's booking nothing is known.
  const abroad = { ...record, body: record.body.replace('"driveway"', '"handie"') };
  expect(await runAsWorker('queue', 'tesla', { Records: [abroad] })).toEqual({ batchItemFailures: [] });
});

test('what a consumer that died has claimed is sent by the next one, two minutes later', async () => {
  const { booking, vin } = await scene({ minutes: 90 });
  advanceClock(61 * MINUTE);
  const claim = sql`
    select c.user_id
    from (select set_config('app.marketplace', 'driveway', true), set_config('app.now', ${new Date().toISOString()}::text, true)) as s
    cross join lateral (select * from parking.claim_navigation(${booking.id}::uuid) where s is not null) as c`;
  expect(await asOwner(claim)).toHaveLength(1);
  expect(await asOwner(claim)).toHaveLength(0);
  await pass(MINUTE);
  expect(await commandsOf(vin)).toHaveLength(0);
  await asOwner(sql`select parking.announce_navigation(${booking.id}::uuid) as done
    from (select set_config('app.marketplace', 'driveway', true), set_config('app.emitted', '0', true)) as s`);
  await pass(MINUTE + 1);
  expect(await commandsOf(vin)).toHaveLength(1);
});

test('a cancelled booking sends nothing and its vehicle is not looked at any more', async () => {
  const { driver, booking, vin } = await scene({ minutes: 90 });
  await driver.post(pathOf(booking, '/cancel'), {});
  await pass(61 * MINUTE);
  expect(await commandsOf(vin)).toEqual([]);
  expect(await tripOf(booking)).toMatchObject({ navigation_status: 'cancelled', read_at: null });
});

test('a booking that is moved sends the way again, before its new start', async () => {
  const { driver, booking, vin } = await scene({ minutes: 20 });
  await deliverEvents();
  expect(await commandsOf(vin)).toHaveLength(1);
  const to = { from: inHours(5), to: inHours(7) };
  const moved = await driver.post(`/api/v1/parking/bookings/${booking.id}/reschedule`, to);
  expect(moved.status).toBe(200);
  await pass(4 * 3600);
  expect(await commandsOf(vin)).toHaveLength(1);
  await pass(31 * MINUTE);
  expect(await commandsOf(vin)).toHaveLength(2);
});

test('a driver asks for the way again, five times an hour', async () => {
  const { driver, host, booking, vin } = await scene({ minutes: 20 });
  await deliverEvents();
  for (let time = 0; time < 5; time += 1) {
    const asked = await driver.post(pathOf(booking, '/tesla/navigation'), {});
    expect(asked).toMatchObject({ status: 202, body: { navigation_status: 'waiting' } });
    await deliverEvents();
  }
  expect(await commandsOf(vin)).toHaveLength(6);
  expect((await driver.post(pathOf(booking, '/tesla/navigation'), {})).status).toBe(429);
  expect((await host.post(pathOf(booking, '/tesla/navigation'), {})).status).toBe(404);
  await driver.post(pathOf(booking, '/cancel'), {});
  expect((await driver.post(pathOf(booking, '/tesla/navigation'), {})).body.code).toBe('booking_over');
});

test('a booking without a vehicle of Tesla’s is left alone', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host, { advance_booking_hours: 0 });
  const vehicle = await vehicleOf(driver);
  const booking = await booked(driver, space, inHours(1), inHours(2), { vehicle_id: vehicle.id });
  expect((await driver.get(pathOf(booking))).status).toBe(404);
  expect((await driver.post(pathOf(booking, '/tesla/navigation'), {})).body.code).toBe('no_tesla');
});
