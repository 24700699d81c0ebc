import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { again, booked, inHours, listed } from './spaces.ts';

const path = (space: { id: string }) => `/api/v1/parking/spaces/${space.id}`;
const instructions = (space: { id: string }) => `${path(space)}/instructions`;
let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

test('anybody sees a listed space and may keep it for a minute', async () => {
  const space = await listed(host);
  const answer = await anonymous('driveway').get(path(space));
  expect(answer.status).toBe(200);
  expect(space).toMatchObject(answer.body);
  expect(answer.headers['cache-control']).toBe('public, max-age=60');
  const again = await anonymous('driveway').get(path(space), {
    headers: { 'if-none-match': answer.headers.etag ?? '' },
  });
  expect(again.status).toBe(304);
});

test('a paused, unknown or foreign space is not found', async () => {
  const space = await listed(host);
  expect((await anonymous('handie').get(path(space))).status).toBe(404);
  await asOwner(
    sql`update parking.spaces set listing_status = 'inactive' where id = ${space.id}::uuid returning id`,
  );
  expect((await anonymous('driveway').get(path(space))).status).toBe(404);
  expect((await anonymous('driveway').get(path({ id: randomUUID() }))).body.code).toBe('not_found');
  expect((await anonymous('driveway').get(path({ id: 'nonsense' }))).status).toBe(404);
});

test('instructions are told to the owner and to whoever has booked, and to nobody else', async () => {
  const space = await listed(host, { access_instructions: 'The gate code is 4711.' });
  const told = { access_instructions: 'The gate code is 4711.', special_instructions: null };
  expect((await host.get(instructions(space))).body).toEqual(told);
  expect((await driver.get(instructions(space))).status).toBe(404);
  const { id } = await booked(driver, space, inHours(24), inHours(26));
  expect((await driver.get(instructions(space))).body).toEqual(told);
  await driver.post(`/api/v1/bookings/${id}/cancel`, {});
  expect((await driver.get(instructions(space))).status).toBe(404);
  expect((await anonymous('driveway').get(instructions(space))).status).toBe(401);
});

test('instructions are told until the booking ends, and not a moment longer', async () => {
  const space = await listed(host, { access_instructions: 'The gate code is 4711.' });
  await booked(driver, space, inHours(24), inHours(26));
  advanceClock(26 * 3600 - 60);
  expect((await (await again(driver)).get(instructions(space))).status).toBe(200);
  advanceClock(60);
  expect((await (await again(driver)).get(instructions(space))).status).toBe(404);
});

test('a request that the owner has not accepted opens no instructions', async () => {
  const space = await listed(host, { access_instructions: 'Ring twice.', instant_booking_enabled: false });
  const { id } = await booked(driver, space, inHours(24), inHours(26));
  expect((await driver.get(instructions(space))).status).toBe(404);
  await host.post(`/api/v1/bookings/${id}/accept`);
  expect((await driver.get(instructions(space))).body.access_instructions).toBe('Ring twice.');
});
