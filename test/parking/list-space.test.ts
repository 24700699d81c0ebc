import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { spaceFacts } from './spaces.ts';

const PATH = '/api/v1/parking/spaces';
let host: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
});

const list = (overrides: Record<string, unknown> = {}) => host.post(PATH, spaceFacts(overrides));

test('a space is listed with the marketplace’s currency, its zone and the defaults', async () => {
  const facts = spaceFacts({ location: { latitude: 37.750874, longitude: -122.4202 } });
  const answer = await host.post(PATH, facts);
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    ...facts,
    currency: 'USD',
    time_zone: 'America/Los_Angeles',
    capacity: 1,
    minimum_booking_hours: 1,
    maximum_booking_hours: 168,
    advance_booking_hours: 1,
    instant_booking_enabled: true,
    has_ev_charging: false,
    rating: null,
  });
});

test('the owner of a space and its instructions are not part of what everybody sees', async () => {
  const { body } = await list({ access_instructions: 'The gate code is tulip-4711.' });
  const shown = await anonymous('driveway').get(`${PATH}/${body.id}`);
  expect(body).toMatchObject(shown.body);
  expect(shown.text).not.toContain('tulip');
  expect(shown.text).not.toContain(host.id);
});

test.each([
  ['city_not_supported', 'city', { city: 'Oakland' }],
  ['height_required', 'max_vehicle_height_cm', { is_covered: true }],
  ['hours_out_of_order', 'maximum_booking_hours', { minimum_booking_hours: 5, maximum_booking_hours: 4 }],
  ['too_long_at_least', 'minimum_booking_hours', { minimum_booking_hours: 169, maximum_booking_hours: 300 }],
  ['connector_without_charging', 'charging_connector_type', { charging_connector_type: 'tesla' }],
])('%s is refused and names %s', async (code, field, overrides) => {
  const answer = await list(overrides);
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field }] });
});

test.each([
  ['location.latitude', { location: { latitude: 90.01, longitude: 0 } }],
  ['location.longitude', { location: { latitude: 0, longitude: -180.01 } }],
  ['hourly_rate', { hourly_rate: -1 }],
  ['hourly_rate', { hourly_rate: 2.5 }],
  ['currency', { currency: 'EUR' }],
  ['owner_id', { owner_id: randomUUID() }],
  ['surface', { surface: 'dirt' }],
  ['capacity', { capacity: 0 }],
  ['title', { title: '' }],
])('a wrong %s is refused by name', async (field, overrides) => {
  const answer = await list(overrides);
  expect(answer.status).toBe(400);
  expect(answer.body).toMatchObject({ code: 'invalid_input', errors: [{ field }] });
});

test('a reference is listed once per owner', async () => {
  const external_ref = randomUUID();
  expect((await list({ external_ref })).status).toBe(201);
  const second = await list({ external_ref });
  expect(second.status).toBe(409);
  expect(second.body).toMatchObject({ code: 'already_listed', errors: [{ field: 'external_ref' }] });
  const other = await signUp('driveway', { roles: ['host'] });
  expect((await other.post(PATH, spaceFacts({ external_ref }))).status).toBe(201);
});

test('of two requests with one reference at the same moment one is listed', async () => {
  const external_ref = randomUUID();
  const answers = await Promise.all([list({ external_ref }), list({ external_ref })]);
  expect(answers.map(answer => answer.status).sort()).toEqual([201, 409]);
});

test('a repeated idempotency key lists one space and answers the same', async () => {
  const headers = { 'idempotency-key': randomUUID() };
  const facts = spaceFacts({ external_ref: randomUUID() });
  const [first, second] = [
    await host.post(PATH, facts, { headers }),
    await host.post(PATH, facts, { headers }),
  ];
  expect(second.status).toBe(201);
  expect(second.body).toEqual(first.body);
  const rows = await asOwner(
    sql`select id from parking.spaces where external_ref = ${facts.external_ref}::text`,
  );
  expect(rows).toEqual([{ id: first.body.id }]);
});

test('only somebody who may list does', async () => {
  const driver = await signUp('driveway', { roles: ['driver'] });
  expect((await driver.post(PATH, spaceFacts())).body.code).toBe('forbidden');
  expect((await anonymous('driveway').post(PATH, spaceFacts())).status).toBe(401);
  expect((await anonymous('homigo').post(PATH, spaceFacts())).status).toBe(404);
});

test('a marketplace without requests has instant bookings only, and its own currency', async () => {
  const owner = await signUp('handie', { roles: ['customer'] });
  const refused = await owner.post(PATH, spaceFacts({ city: 'Pune', instant_booking_enabled: false }));
  expect(refused.status).toBe(422);
  expect(refused.body.code).toBe('requests_not_supported');
  const answer = await owner.post(PATH, spaceFacts({ city: 'Pune' }));
  expect(answer.body).toMatchObject({ currency: 'INR', time_zone: 'Asia/Kolkata' });
});

test('listing a space changes no other one', async () => {
  const look = () => anonymous('driveway').get(`${PATH}/${bystander.id}`);
  const bystander = (await list()).body;
  const before = (await look()).body;
  await list({ title: 'Another' });
  expect((await look()).body).toEqual(before);
});
