import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { booked, inHours, listed, randomVin, vehicleOf } from './spaces.ts';

const PATH = '/api/v1/vehicles';
let host: Person;
let driver: Person;
let other: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  other = await signUp('driveway', { roles: ['driver'] });
});

test('a vehicle without dimensions is as large as a Model 3', async () => {
  const vin = randomVin();
  const answer = await driver.post(PATH, { vin });
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    vin,
    length_inches: 185,
    width_inches: 73,
    height_inches: 57,
    is_active: true,
    tesla_vehicle_id: null,
  });
  expect((await driver.get(`${PATH}/${answer.body.id}`)).body).toEqual(answer.body);
});

test.each([
  ['1M8GDM9AXKP042788', 201],
  ['5yj3e1ea2jf000316', 201],
  ['WVWZZZ1JZ3W386752', 201],
  ['1M8GDM9A0KP042788', 422],
  ['5YJ3E1EA5JF000316', 422],
  ['LRW3E7FA0MC999999', 422],
  ['ABC', 400],
  ['1M8GDM9AXKP04278O', 400],
])('the VIN %s is answered with %i', async (vin, status) => {
  const somebody = await signUp('driveway', { roles: ['driver'] });
  const answer = await somebody.post(PATH, { vin });
  expect(answer.status).toBe(status);
  if (status === 422) expect(answer.body).toMatchObject({ code: 'invalid_vin', errors: [{ field: 'vin' }] });
  // The next one who has it.
  if (status === 201) await somebody.delete(`${PATH}/${answer.body.id}`);
});

test.each([
  ['length_inches', -5],
  ['width_inches', 0],
  ['height_inches', 2.5],
  ['year', 1800],
  ['tesla_vehicle_id', '12a'],
  ['user_id', randomUUID()],
])('a wrong %s is refused by name', async (field, value) => {
  const answer = await driver.post(PATH, { vin: randomVin(), [field]: value });
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toContainEqual(expect.objectContaining({ field }));
});

test('the database refuses what is not positive as well', async () => {
  const { id } = await vehicleOf(driver);
  for (const column of ['length_inches', 'width_inches', 'height_inches']) {
    const text = `update parking.vehicles set ${column} = 0 where id = ($1->>0)::uuid returning id`;
    await expect(asOwner({ text, values: [id] })).rejects.toThrow(`vehicles_${column}_check`);
  }
});

test('a vehicle is known by its VIN or its plate', async () => {
  const answer = await driver.post(PATH, { display_name: 'Snow' });
  expect(answer).toMatchObject({ status: 422, body: { code: 'vehicle_unknown' } });
  expect((await driver.post(PATH, { license_plate: '8ABC123' })).status).toBe(201);
});

test('a VIN is in use once, and free for the buyer of the car', async () => {
  const vin = randomVin();
  const first = await vehicleOf(driver, { vin });
  expect(await other.post(PATH, { vin })).toMatchObject({ status: 409, body: { code: 'vin_taken' } });
  expect((await driver.delete(`${PATH}/${first.id}`)).status).toBe(204);
  expect((await other.post(PATH, { vin })).status).toBe(201);
  const elsewhere = await signUp('handie', { roles: ['customer'] });
  expect((await elsewhere.post(PATH, { vin })).status).toBe(201);
});

test('of two who add one VIN at the same moment one has it', async () => {
  const vin = randomVin();
  const answers = await Promise.all([driver.post(PATH, { vin }), other.post(PATH, { vin })]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
});

test('a number at Tesla is in use once', async () => {
  const tesla_vehicle_id = String(crypto.getRandomValues(new Uint32Array(1))[0]);
  expect((await vehicleOf(driver, { tesla_vehicle_id })).tesla_vehicle_id).toBe(tesla_vehicle_id);
  const second = await other.post(PATH, { vin: randomVin(), tesla_vehicle_id });
  expect(second).toMatchObject({ status: 409, body: { code: 'tesla_vehicle_taken' } });
});

test('a repeated idempotency key adds one vehicle', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const body = { vin: randomVin() };
  const [first, second] = [
    await driver.post(PATH, body, { headers }),
    await driver.post(PATH, body, { headers }),
  ];
  expect(second.status).toBe(201);
  expect(second.body).toEqual(first.body);
});

test('what is named changes, and the rest stays', async () => {
  const vehicle = await vehicleOf(driver, { color: 'white', length_inches: 190 });
  const bystander = await vehicleOf(driver);
  const answer = await driver.patch(`${PATH}/${vehicle.id}`, { color: null, display_name: 'Snow' });
  expect(answer.body).toMatchObject({
    vin: vehicle.vin,
    color: null,
    display_name: 'Snow',
    length_inches: 190,
  });
  const wrong = await driver.patch(`${PATH}/${vehicle.id}`, { vin: '1M8GDM9A0KP042788' });
  expect(wrong.body.code).toBe('invalid_vin');
  const taken = await driver.patch(`${PATH}/${vehicle.id}`, { vin: bystander.vin });
  expect(taken.body.code).toBe('vin_taken');
  expect((await driver.get(`${PATH}/${bystander.id}`)).body).toEqual(bystander);
});

test('one that has a place to stand is not removed before', async () => {
  const vehicle = await vehicleOf(driver);
  const booking = await booked(driver, await listed(host), inHours(24), inHours(26), {
    vehicle_id: vehicle.id,
  });
  const refused = await driver.delete(`${PATH}/${vehicle.id}`);
  expect(refused).toMatchObject({ status: 409, body: { code: 'vehicle_booked' } });
  await driver.post(`/api/v1/bookings/${booking.id}/cancel`, {});
  expect((await driver.delete(`${PATH}/${vehicle.id}`)).status).toBe(204);
  expect((await driver.get(`${PATH}/${vehicle.id}`)).body.is_active).toBe(false);
  expect((await driver.delete(`${PATH}/${vehicle.id}`)).status).toBe(404);
});

test('vehicles are listed to their owner, those in use only, page by page', async () => {
  const owner = await signUp('driveway', { roles: ['driver'] });
  const vehicles = [await vehicleOf(owner), await vehicleOf(owner), await vehicleOf(owner)];
  await owner.delete(`${PATH}/${vehicles[1].id}`);
  const first = (await owner.get(`${PATH}?limit=1`)).body;
  const second = (await owner.get(`${PATH}?limit=1&cursor=${first.next_cursor}`)).body;
  expect([...first.items, ...second.items].map(({ id }) => id)).toEqual([vehicles[2].id, vehicles[0].id]);
  expect(second.next_cursor).toBeNull();
});

test('nobody has more than twenty', async () => {
  const owner = await signUp('driveway', { roles: ['driver'] });
  await asOwner(
    sql`insert into parking.vehicles (marketplace, user_id, license_plate)
        select 'driveway', ${owner.id}::uuid, 'P' || n::text from generate_series(1, 19) as n returning id`,
  );
  const answers = await Promise.all([1, 2, 3].map(() => owner.post(PATH, { vin: randomVin() })));
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409]);
  expect(answers.some(({ body }) => body.code === 'too_many_vehicles')).toBe(true);
});

test('nobody else sees, changes or removes it', async () => {
  const vehicle = await vehicleOf(driver);
  const elsewhere = await signUp('handie', { roles: ['customer'] });
  for (const somebody of [other, elsewhere]) {
    expect((await somebody.get(`${PATH}/${vehicle.id}`)).status).toBe(404);
    expect((await somebody.patch(`${PATH}/${vehicle.id}`, { color: 'red' })).status).toBe(404);
    expect((await somebody.delete(`${PATH}/${vehicle.id}`)).status).toBe(404);
    expect((await somebody.get(PATH)).text).not.toContain(vehicle.vin);
  }
  expect((await anonymous('driveway').get(PATH)).status).toBe(401);
  expect((await anonymous('homigo').get(PATH)).status).toBe(404);
  expect((await driver.get(`${PATH}/${vehicle.id}`)).body).toEqual(vehicle);
});
