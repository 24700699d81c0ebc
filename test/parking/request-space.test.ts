import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { again, book, booked, inHours, listed } from './spaces.ts';

const DAY = 24 * 3600;
let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

async function requested() {
  const space = await listed(host, { instant_booking_enabled: false });
  const [from, to] = [inHours(48), inHours(50)];
  return { space, from, to, booking: await booked(driver, space, from, to) };
}

const statusOf = async (person: Person, id: string) =>
  (await person.get(`/api/v1/bookings/${id}`)).body.status;

test('a request holds the time and waits a day for its owner', async () => {
  const { space, from, to, booking } = await requested();
  expect(booking.status).toBe('pending');
  expect(Date.parse(booking.expires_at) - Date.parse(booking.created_at)).toBe(DAY * 1000);
  expect((await book(driver, space, from, to)).body.code).toBe('slot_taken');
  const events = await asOwner(
    sql`select type from app.outbox where payload ->> 'booking_id' = ${booking.id}::text`,
  );
  expect(events).toEqual([{ type: 'booking.placed' }]);
});

test('a request for a time that is near waits no longer than until its start', async () => {
  const space = await listed(host, { instant_booking_enabled: false });
  const booking = await booked(driver, space, inHours(2), inHours(4));
  expect(booking.expires_at).toBe(booking.starts_at);
  advanceClock(2 * 3600);
  const answer = await (await again(host)).post(`/api/v1/bookings/${booking.id}/accept`);
  expect(answer.body.code).toBe('transition_not_allowed');
});

// The clocks of two Lambdas differ, and an answer may wait for the database longer than its time lasts.
test('a request whose time has gone to somebody else is not accepted', async () => {
  const { booking } = await requested();
  await asOwner(sql`delete from booking.reservations where booking_id = ${booking.id}::uuid returning id`);
  const answer = await host.post(`/api/v1/bookings/${booking.id}/accept`);
  expect(answer.body.code).toBe('transition_not_allowed');
  expect(await statusOf(driver, booking.id)).toBe('pending');
});

test('an accepted request is confirmed and stays so when the day is over', async () => {
  const { space, from, to, booking } = await requested();
  const answer = await host.post(`/api/v1/bookings/${booking.id}/accept`);
  expect(answer.body).toMatchObject({ status: 'confirmed', expires_at: null, version: 2 });
  expect(answer.body.confirmed_at).not.toBeNull();
  advanceClock(DAY + 60);
  await runSchedule('sweep-timers');
  const later = await again(driver);
  expect(await statusOf(later, booking.id)).toBe('confirmed');
  expect((await book(later, space, from, to)).body.code).toBe('slot_taken');
});

test('only the owner accepts, and only once', async () => {
  const { booking } = await requested();
  const path = `/api/v1/bookings/${booking.id}/accept`;
  expect((await driver.post(path)).body.code).toBe('transition_not_allowed');
  const other = await signUp('driveway', { roles: ['host'] });
  expect((await other.post(path)).status).toBe(404);
  const answers = await Promise.all([host.post(path), host.post(path)]);
  expect(answers.map(answer => answer.status).sort()).toEqual([200, 409]);
});

test('a request that nobody answered reads as cancelled, and its time is free, before any timer ran', async () => {
  const { space, from, to, booking } = await requested();
  const bystander = await requested();
  await host.post(`/api/v1/bookings/${bystander.booking.id}/accept`);
  advanceClock(DAY);
  const [laterHost, laterDriver] = [await again(host), await again(driver)];
  const { body } = await laterDriver.get(`/api/v1/bookings/${booking.id}`);
  expect(body).toMatchObject({
    status: 'cancelled',
    cancelled_by: 'system',
    cancellation_reason: 'request_expired',
    cancelled_at: booking.expires_at,
  });
  expect((await laterHost.post(`/api/v1/bookings/${booking.id}/accept`)).body.code).toBe(
    'transition_not_allowed',
  );
  const listedAs = async (status: string) =>
    (await laterDriver.get(`/api/v1/bookings?status=${status}&limit=100`)).body.items.map(
      (item: { id: string }) => item.id,
    );
  expect(await listedAs('cancelled')).toContain(booking.id);
  expect(await listedAs('pending')).not.toContain(booking.id);
  expect((await book(laterDriver, space, from, to)).status).toBe(201);
  expect(await statusOf(laterDriver, bystander.booking.id)).toBe('confirmed');
});

test('the timer cancels it for good, once', async () => {
  const { booking } = await requested();
  advanceClock(DAY + 60);
  await runSchedule('sweep-timers');
  await runSchedule('sweep-timers');
  const { body } = await (await again(driver)).get(`/api/v1/bookings/${booking.id}`);
  expect(body).toMatchObject({ status: 'cancelled', cancelled_by: 'system', version: 2 });
  expect(body.timeline.map((step: { to_status: string }) => step.to_status)).toEqual([
    'pending',
    'cancelled',
  ]);
  const events = await asOwner(
    sql`select type from app.outbox where payload ->> 'booking_id' = ${booking.id}::text order by id`,
  );
  expect(events.map(event => event.type)).toEqual(['booking.placed', 'booking.expired']);
});
