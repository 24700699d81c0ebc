import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  type FleetLink,
  listVehicles,
  navigateTo,
  readVehicle,
  shareDestination,
  wakeVehicle,
} from '../../lambdas/parking/tesla-fleet.ts';
import { move, orderFault, standIn } from './tesla-vehicles.ts';

const PLACE = { latitude: 37.7749, longitude: -122.4194 };

/** Somebody at Tesla with one vehicle, and what it takes to ask for them. */
async function customer(more: { subject?: string; scope?: string } = {}) {
  const { subject = randomUUID(), scope } = more;
  const token = await standIn.signIn(subject, scope);
  const link: FleetLink = { token, region: subject.startsWith('eu-') ? 'eu' : 'na' };
  const [vehicle] = await listVehicles(link);
  if (!vehicle) throw new Error('The garage is empty.');
  return { link, vin: vehicle.vin, id: vehicle.id };
}

const refused = (kind: string, code: string, more = {}) => expect.objectContaining({ kind, code, ...more });

test('a vehicle is listed, read, woken and sent its way', async () => {
  const { link, vin, id } = await customer();
  await move(vin, { ...PLACE, shift_state: 'D', autopark_state_v3: 'active' });
  expect(await readVehicle(link, vin)).toEqual({
    ...PLACE,
    shift_state: 'D',
    autopark_state: 'active',
    autopark_error: 'no_error',
  });
  expect(await wakeVehicle(link, String(id))).toBe(true);
  await navigateTo(link, vin, PLACE);
  await shareDestination(link, vin, '37.7749,-122.4194', new Date());
  const { commands } = await move(vin, {});
  expect(commands).toEqual([
    { command: 'navigation_gps_request', body: { lat: PLACE.latitude, lon: PLACE.longitude, order: 1 } },
    {
      command: 'navigation_request',
      body: expect.objectContaining({ value: { 'android.intent.extra.TEXT': '37.7749,-122.4194' } }),
    },
  ]);
});

test('a vehicle that sleeps is told apart from one that refuses, and is there after it was woken', async () => {
  const { link, vin } = await customer();
  await move(vin, { state: 'asleep' });
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('asleep', 'vehicle_asleep'));
  await expect(navigateTo(link, vin, PLACE)).rejects.toEqual(refused('asleep', 'vehicle_asleep'));
  expect(await wakeVehicle(link, vin)).toBe(false);
  await navigateTo(link, vin, PLACE);
});

test('too many requests carry the time that Tesla asks for, in seconds or as a date', async () => {
  const { link, vin } = await customer();
  const path = `/api/1/vehicles/${vin}/vehicle_data`;
  await orderFault(path, 429, { error: 'rate limit exceeded' }, '17');
  await expect(readVehicle(link, vin)).rejects.toEqual(
    refused('limited', 'rate_limited', { retryAfter: 17 }),
  );
  await orderFault(path, 429, {}, new Date(Date.now() + 90_000).toUTCString());
  const error = await readVehicle(link, vin).catch(caught => caught);
  expect(error.retryAfter).toBeGreaterThan(80);
  expect(error.retryAfter).toBeLessThan(95);
  await orderFault(path, 429);
  await expect(readVehicle(link, vin)).rejects.toEqual(
    refused('limited', 'rate_limited', { retryAfter: 60 }),
  );
});

test('an account of another region is asked where Tesla says that it lives', async () => {
  const { link, vin } = await customer({ subject: `eu-${randomUUID()}` });
  await navigateTo({ ...link, region: 'na' }, vin, PLACE);
  expect((await move(vin, {})).commands).toHaveLength(1);
});

test('what passes and what does not are told apart, with Tesla’s own words', async () => {
  const { link, vin } = await customer();
  const path = `/api/1/vehicles/${vin}/vehicle_data`;
  await orderFault(path, 503);
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('passing', 'http_503'));
  await orderFault(path, 540, { error: 'device unexpected response' });
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('passing', 'http_540'));
  await orderFault(path, 200, { response: null });
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('passing', 'unreadable_answer'));
  await orderFault(path, 412, { error: 'Account must be registered in the current region.' });
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('refused', 'account_must_be_registered_in'));
  await expect(readVehicle(link, '5YJ3E1EA7PF000000')).rejects.toEqual(refused('refused', 'not_found'));
  await expect(readVehicle({ ...link, token: 'gone' }, vin)).rejects.toEqual(
    refused('refused', 'token_refused'),
  );
  await orderFault(`/api/1/vehicles/${vin}/command/navigation_gps_request`, 200, {
    response: { result: false, reason: 'could_not_set_destination' },
  });
  await expect(navigateTo(link, vin, PLACE)).rejects.toEqual(refused('refused', 'could_not_set_destination'));
  await move(vin, { refuses: 'unsigned' });
  await expect(navigateTo(link, vin, PLACE)).rejects.toEqual(refused('refused', 'command_protocol_required'));
});

test('what the driver has not granted is named', async () => {
  const { link, vin } = await customer({ scope: 'openid vehicle_device_data' });
  await expect(navigateTo(link, vin, PLACE)).rejects.toEqual(refused('refused', 'missing_scopes'));
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('refused', 'location_not_shared'));
});

test('a Tesla that is not there at all passes', async () => {
  const { link, vin } = await customer();
  const before = process.env.TESLA_API_URL_NA;
  process.env.TESLA_API_URL_NA = 'http://127.0.0.1:9';
  await expect(readVehicle(link, vin)).rejects.toEqual(refused('passing', 'unreachable'));
  process.env.TESLA_API_URL_NA = before;
});
