import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { book, booked, inHours, listed, vehicleOf } from './spaces.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

const quote = (person: Person, space: { id: string }, vehicle_id: string) =>
  person.post(`/api/v1/parking/spaces/${space.id}/quote`, { from: inHours(24), to: inHours(26), vehicle_id });

const codes = (answer: { body: { reasons: { code: string }[] } }) =>
  answer.body.reasons.map(({ code }) => code);

test('a booking keeps which vehicle comes, for the owner to know it, and not its VIN', async () => {
  const vehicle = await vehicleOf(driver, { display_name: 'Snow', license_plate: '8ABC123', color: 'white' });
  const booking = await booked(driver, await listed(host), inHours(24), inHours(26), {
    vehicle_id: vehicle.id,
  });
  expect(booking).toMatchObject({
    subject_id: vehicle.id,
    facts: {
      vehicle: { id: vehicle.id, display_name: 'Snow', license_plate: '8ABC123', color: 'white' },
      rates: { hourly_rate: 500, daily_rate: null },
      fee_basis_points: 1500,
    },
  });
  const seen = await host.get(`/api/v1/bookings/${booking.id}`);
  expect(seen.body.facts.vehicle.license_plate).toBe('8ABC123');
  expect(seen.text).not.toContain(vehicle.vin);
});

describe('a vehicle fits', () => {
  // 185 × 73 × 57 inches are 469.9 × 185.42 × 144.78 cm.
  test.each([
    ['exactly', { max_vehicle_length_cm: 470, max_vehicle_width_cm: 186, max_vehicle_height_cm: 145 }, true],
    ['not by its length', { max_vehicle_length_cm: 469 }, false],
    ['not by its width', { max_vehicle_width_cm: 185 }, false],
    ['not under a low roof', { is_covered: true, max_vehicle_height_cm: 144 }, false],
    ['under a roof that is high enough', { is_covered: true, max_vehicle_height_cm: 145 }, true],
    ['whatever the height without a roof', { max_vehicle_height_cm: 144 }, true],
    ['where nothing is said', {}, true],
  ])('%s: %o', async (_, size, fits) => {
    const { id } = await vehicleOf(driver);
    const space = await listed(host, size);
    const quoted = await quote(driver, space, id);
    expect(quoted.body.available).toBe(fits);
    expect(codes(quoted)).toEqual(fits ? [] : ['vehicle_does_not_fit']);
    const answer = await book(driver, space, inHours(24), inHours(26), {}, { vehicle_id: id });
    expect(answer.status).toBe(fits ? 201 : 422);
    if (!fits)
      expect(answer.body).toMatchObject({ code: 'vehicle_does_not_fit', errors: [{ field: 'vehicle_id' }] });
  });
});

test('somebody else’s vehicle, one that nobody has and one that was removed are refused alike', async () => {
  const space = await listed(host);
  const theirs = await vehicleOf(rival);
  const removed = await vehicleOf(driver);
  await driver.delete(`/api/v1/vehicles/${removed.id}`);
  for (const vehicle_id of [theirs.id, removed.id, crypto.randomUUID()]) {
    const answer = await book(driver, space, inHours(24), inHours(26), {}, { vehicle_id });
    expect(answer).toMatchObject({ status: 403, body: { code: 'vehicle_not_yours' } });
    expect(codes(await quote(driver, space, vehicle_id))).toEqual(['vehicle_not_yours']);
  }
});

test('a vehicle is in one place at a time', async () => {
  const { id: vehicle_id } = await vehicleOf(driver);
  const [here, there] = [await listed(host), await listed(host)];
  await booked(driver, here, inHours(24), inHours(26), { vehicle_id });
  const answer = await book(driver, there, inHours(25), inHours(27), {}, { vehicle_id });
  expect(answer).toMatchObject({ status: 409, body: { code: 'vehicle_busy' } });
  expect(codes(await quote(driver, there, vehicle_id))).toEqual(['vehicle_busy']);
  const both = await quote(driver, here, vehicle_id);
  expect(codes(both)).toEqual(['slot_taken', 'vehicle_busy']);
  expect((await book(rival, there, inHours(25), inHours(27))).status).toBe(201);
  expect((await book(driver, there, inHours(27), inHours(28), {}, { vehicle_id })).status).toBe(201);
});

test('of ten places for one vehicle at one time one is booked', async () => {
  const { id: vehicle_id } = await vehicleOf(driver);
  const spaces = await Promise.all(Array.from({ length: 10 }, () => listed(host)));
  const answers = await Promise.all(
    spaces.map(space => book(driver, space, inHours(24), inHours(26), {}, { vehicle_id })),
  );
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  expect(answers.filter(({ body }) => body.code === 'vehicle_busy')).toHaveLength(9);
  const held = await asOwner(
    sql`select distinct booking_id from booking.reservations where resource_id = ${vehicle_id}::uuid`,
  );
  expect(held).toHaveLength(1);
});

test('where the marketplace asks for a vehicle, nobody books without one', async () => {
  const space = await listed(host);
  const none = { vehicle_id: null };
  const answer = await book(driver, space, inHours(24), inHours(26), {}, none);
  expect(answer).toMatchObject({
    status: 422,
    body: { code: 'vehicle_required', errors: [{ field: 'vehicle_id' }] },
  });
  const window = { from: inHours(24), to: inHours(26) };
  const path = `/api/v1/parking/spaces/${space.id}/quote`;
  expect(codes(await driver.post(path, window))).toEqual(['vehicle_required']);
  expect((await anonymous('driveway').post(path, window)).body).toMatchObject({
    available: true,
    reasons: [],
  });
  const owner = await signUp('handie', { roles: ['customer'] });
  const customer = await signUp('handie', { roles: ['customer'] });
  const elsewhere = await listed(owner, { city: 'Pune' });
  const booking = await booked(customer, elsewhere, inHours(24), inHours(26), none);
  expect(booking).toMatchObject({ subject_id: null, facts: { vehicle: null } });
});
