import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { randomVin, vehicleOf } from './spaces.ts';
import { forgetCalls, linkTesla, move, orderFault } from './tesla-vehicles.ts';

const PATH = '/api/v1/vehicles/import';
beforeEach(forgetCalls);

const driver = () => signUp('driveway', { roles: ['driver'] });

/** A driver with a linked account, whose only vehicle is known. */
async function linked(subject: string = randomUUID()) {
  const person = await driver();
  await linkTesla(person, subject);
  const answer = await person.post(PATH, {});
  return { person, answer, vehicle: answer.body.vehicles?.[0] };
}

test('the vehicles of a Tesla account are taken over, with what their numbers say', async () => {
  const { answer, vehicle } = await linked();
  expect(answer).toMatchObject({ status: 200, body: { taken: [] } });
  expect(vehicle).toMatchObject({
    tesla_vehicle_id: expect.stringMatching(/^\d{16}$/),
    vin: expect.stringMatching(/^5YJ3E1EA[\dX]PF\w{6}$/),
    display_name: 'Owned',
    make: 'Tesla',
    model: 'Model 3',
    year: 2023,
    length_inches: 185,
  });
});

test('an import that is repeated brings the vehicle up to date and adds none', async () => {
  const { person, vehicle } = await linked();
  await move(vehicle.vin, { display_name: 'Renamed' });
  const headers = { 'idempotency-key': randomUUID() };
  const first = await person.post(PATH, {}, { headers });
  await move(vehicle.vin, { display_name: 'Again' });
  const second = await person.post(PATH, {}, { headers });
  expect(first.body.vehicles).toMatchObject([{ id: vehicle.id, display_name: 'Renamed' }]);
  expect(second.body.vehicles).toMatchObject([{ id: vehicle.id, display_name: 'Again' }]);
  expect((await person.get('/api/v1/vehicles')).body.items).toHaveLength(1);
  const [kept] = await asOwner(
    sql`select count(*)::integer as n from app.idempotency_keys where result::text like '%token%'`,
  );
  expect(kept.n).toBe(0);
});

test('a vehicle that its owner typed in before is the same one afterwards', async () => {
  const subject = randomUUID();
  const { vehicle, person } = await linked(subject);
  await person.delete(`/api/v1/vehicles/${vehicle.id}`);
  const typed = await vehicleOf(person, { vin: vehicle.vin, license_plate: '8ABC123' });
  const { body } = await person.post(PATH, {});
  expect(body.vehicles).toMatchObject([
    { id: typed.id, license_plate: '8ABC123', tesla_vehicle_id: vehicle.tesla_vehicle_id },
  ]);
});

test('a VIN that somebody else only typed in gives way to the account of its owner', async () => {
  const { vehicle, person } = await linked();
  await person.delete(`/api/v1/vehicles/${vehicle.id}`);
  const [other, another] = [await driver(), await driver()];
  const typed = await vehicleOf(other, { vin: vehicle.vin, license_plate: '8ABC124' });
  expect((await person.post(PATH, {})).body).toMatchObject({ vehicles: [{ vin: vehicle.vin }], taken: [] });
  expect((await other.get('/api/v1/vehicles')).body.items).toMatchObject([
    { id: typed.id, vin: null, license_plate: '8ABC124', is_active: true },
  ]);
  const [mine] = (await person.get('/api/v1/vehicles')).body.items;
  await person.delete(`/api/v1/vehicles/${mine.id}`);
  await vehicleOf(another, { vin: vehicle.vin });
  expect((await person.post(PATH, {})).body.taken).toEqual([]);
  expect((await another.get('/api/v1/vehicles')).body.items).toEqual([]);
});

test('so does a number at Tesla, alone or with the VIN', async () => {
  const { vehicle, person } = await linked();
  const { tesla_vehicle_id, vin } = vehicle;
  await person.delete(`/api/v1/vehicles/${vehicle.id}`);
  const [other, another] = [await driver(), await driver()];
  const typed = await vehicleOf(other, { tesla_vehicle_id, license_plate: '8ABC126' });
  await vehicleOf(another, { tesla_vehicle_id: `9${tesla_vehicle_id}`, vin });
  expect((await person.post(PATH, {})).body).toMatchObject({
    vehicles: [{ tesla_vehicle_id, vin }],
    taken: [],
  });
  expect((await other.get('/api/v1/vehicles')).body.items).toMatchObject([
    { id: typed.id, tesla_vehicle_id: null, license_plate: '8ABC126' },
  ]);
  expect((await another.get('/api/v1/vehicles')).body.items).toEqual([]);
});

test('a vehicle whose VIN its owner changed is one that was typed in', async () => {
  const { person: hostile, vehicle: theirs } = await linked();
  const { person: owner, vehicle: wanted } = await linked();
  await owner.delete(`/api/v1/vehicles/${wanted.id}`);
  const change = await hostile.patch(`/api/v1/vehicles/${theirs.id}`, { vin: wanted.vin });
  expect(change.status, change.text).toBe(200);
  expect((await owner.post(PATH, {})).body).toMatchObject({ vehicles: [{ vin: wanted.vin }], taken: [] });
  expect((await hostile.post(PATH, {})).body).toMatchObject({ vehicles: [{ vin: theirs.vin }], taken: [] });
});

test('a vehicle of one’s own that was typed in beside the linked one becomes one with it', async () => {
  const { vehicle, person } = await linked();
  await person.patch(`/api/v1/vehicles/${vehicle.id}`, { vin: randomVin() });
  const typed = await vehicleOf(person, { vin: vehicle.vin, license_plate: '8ABC125' });
  expect((await person.post(PATH, {})).body).toMatchObject({
    vehicles: [{ id: vehicle.id, vin: vehicle.vin }],
    taken: [],
  });
  const { items } = (await person.get('/api/v1/vehicles')).body;
  expect(items.find(({ id }: { id: string }) => id === typed.id)).toMatchObject({ vin: null });
});

test('a vehicle that another Tesla account has brought here is named and not taken', async () => {
  const { vehicle, person } = await linked();
  await person.delete(`/api/v1/vehicles/${vehicle.id}`);
  const other = await driver();
  const { id } = await vehicleOf(other, { vin: vehicle.vin });
  await asOwner(
    sql`update parking.vehicles set tesla_vehicle_id = ${vehicle.tesla_vehicle_id}::bigint, tesla_seen_at = app.now()
        where id = ${id}::uuid returning id`,
  );
  expect((await person.post(PATH, {})).body).toEqual({ vehicles: [], taken: [vehicle.vin] });
  expect((await other.get('/api/v1/vehicles')).body.items).toMatchObject([{ id, vin: vehicle.vin }]);
});

test('two imports at once find the same vehicle', async () => {
  const person = await driver();
  await linkTesla(person);
  const answers = await Promise.all([1, 2, 3].map(() => person.post(PATH, {})));
  expect(new Set(answers.map(({ body }) => body.vehicles[0].id)).size).toBe(1);
});

test('who has linked nothing, whose link is broken, and who is no driver are refused', async () => {
  const person = await driver();
  expect((await person.post(PATH, {})).status).toBe(404);
  await linkTesla(person);
  await asOwner(
    sql`update identity.tesla_accounts set status = 'broken' where user_id = ${person.id}::uuid returning 1 as done`,
  );
  expect(await person.post(PATH, {})).toMatchObject({ status: 409, body: { code: 'tesla_link_broken' } });
  const host = await signUp('driveway', { roles: ['host'] });
  expect((await host.post(PATH, {})).status).toBe(403);
  const abroad = await signUp('handie', { roles: ['customer'] });
  expect((await abroad.post(PATH, {})).status).toBe(404);
});

test('a Tesla that is down, and one that refuses, are told apart', async () => {
  const { person } = await linked();
  await orderFault('/api/1/vehicles', 503);
  expect(await person.post(PATH, {})).toMatchObject({ status: 424, body: { code: 'tesla_unavailable' } });
  await orderFault('/api/1/vehicles', 403, { error: 'Unauthorized missing scopes' });
  expect(await person.post(PATH, {})).toMatchObject({ status: 409, body: { code: 'tesla_refused' } });
});

test('an expired token is refreshed and kept in the same two trips, whatever Tesla answers after', async () => {
  const { person, vehicle } = await linked();
  const expire = () =>
    asOwner(
      sql`update identity.tesla_accounts set expires_at = app.now() - interval '1 hour'
          where user_id = ${person.id}::uuid returning refresh_token_sealed`,
    );
  const [first] = await expire();
  expect((await person.post(PATH, {})).body.vehicles).toMatchObject([{ id: vehicle.id }]);
  const [second] = await expire();
  expect(second.refresh_token_sealed).not.toBe(first.refresh_token_sealed);
  await orderFault('/api/1/vehicles', 503);
  expect((await person.post(PATH, {})).status).toBe(424);
  const [third] = await expire();
  expect(third.refresh_token_sealed).not.toBe(second.refresh_token_sealed);
  await orderFault('/oauth2/v3/token', 401, { error: 'login_required' });
  expect((await person.post(PATH, {})).body.code).toBe('tesla_link_broken');
  expect((await person.get('/api/v1/users/me/tesla')).body).toMatchObject({
    status: 'broken',
    last_error: 'login_required',
  });
});
