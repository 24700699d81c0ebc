import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { booked, inHours, listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { type Person, signUp } from '../support/people.ts';

let host: Person;
let driver: Person;
let booking: { id: string };
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  booking = await booked(driver, await listed(host), inHours(24), inHours(26));
});

const path = (id: string) => `/api/v1/bookings/${id}`;

test('both parties see the booking as it was answered, with its timeline', async () => {
  for (const party of [driver, host]) {
    const { status, body } = await party.get(path(booking.id));
    expect(status).toBe(200);
    expect(body).toMatchObject({ ...booking, timeline: [{ party: 'customer', to_status: 'confirmed' }] });
  }
});

test('nobody else sees it', async () => {
  const stranger = await signUp('driveway', { roles: ['driver'] });
  const foreigner = await signUp('handie', { roles: ['customer'] });
  expect((await stranger.get(path(booking.id))).body.code).toBe('not_found');
  expect((await foreigner.get(path(booking.id))).status).toBe(404);
  expect((await anonymous('driveway').get(path(booking.id))).status).toBe(401);
  expect((await driver.get(path(randomUUID()))).status).toBe(404);
  expect((await driver.get(path('nonsense'))).status).toBe(404);
});
