import { randomUUID } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again, book, booked, inHours, listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';

let host: Person;
let driver: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

const path = (booking: { id: string }) => `/api/v1/bookings/${booking.id}/cancel`;
const newBooking = async () => booked(driver, await listed(host), inHours(24), inHours(26));

test.each(['customer', 'provider'] as const)('the %s cancels with a reason', async party => {
  const booking = await newBooking();
  const answer = await (party === 'customer' ? driver : host).post(path(booking), {
    reason: 'Plans changed.',
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    id: booking.id,
    status: 'cancelled',
    cancelled_by: party,
    cancellation_reason: 'Plans changed.',
    version: 2,
  });
  expect(answer.body.cancelled_at).not.toBeNull();
});

test('a cancelled time can be booked again at once', async () => {
  const space = await listed(host);
  const [from, to] = [inHours(24), inHours(26)];
  const bystander = await booked(driver, space, to, inHours(28));
  await driver.post(path(await booked(driver, space, from, to)));
  expect((await book(driver, space, from, to)).status).toBe(201);
  expect((await driver.get(`/api/v1/bookings/${bystander.id}`)).body.status).toBe('confirmed');
});

test('what happened stands in the timeline, and nobody changes it', async () => {
  const booking = await newBooking();
  await host.post(path(booking), { reason: 'The gate is broken.' });
  const { body } = await driver.get(`/api/v1/bookings/${booking.id}`);
  expect(body.timeline).toMatchObject([
    { party: 'customer', from_status: null, to_status: 'confirmed', reason: null },
    { party: 'provider', from_status: 'confirmed', to_status: 'cancelled', reason: 'The gate is broken.' },
  ]);
  await expect(
    asOwner(
      sql`update booking.timeline set reason = 'x' where booking_id = ${booking.id}::uuid returning id`,
    ),
  ).rejects.toThrow('append_only');
});

test('a cancelled booking cannot be cancelled again', async () => {
  const booking = await newBooking();
  await driver.post(path(booking));
  const answer = await host.post(path(booking));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('transition_not_allowed');
});

test('a booking whose time has passed cannot be cancelled', async () => {
  const booking = await newBooking();
  advanceClock(26 * 3600);
  const answer = await (await again(driver)).post(path(booking));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('booking_over');
});

test('of two who cancel at the same moment one does', async () => {
  const booking = await newBooking();
  const answers = await Promise.all([driver.post(path(booking)), host.post(path(booking))]);
  expect(answers.map(answer => answer.status).sort()).toEqual([200, 409]);
  const events = await asOwner(
    sql`select id from app.outbox where type = 'booking.cancelled' and payload ->> 'booking_id' = ${booking.id}::text`,
  );
  expect(events).toHaveLength(1);
});

test('a repeated idempotency key cancels once and answers the same', async () => {
  const booking = await newBooking();
  const headers = { 'idempotency-key': randomUUID() };
  const first = await driver.post(path(booking), {}, { headers });
  const second = await driver.post(path(booking), {}, { headers });
  expect(second.status).toBe(200);
  expect(second.body).toEqual(first.body);
});

test('nobody else cancels it', async () => {
  const booking = await newBooking();
  const stranger = await signUp('driveway', { roles: ['driver', 'host'] });
  const foreigner = await signUp('handie', { roles: ['customer'] });
  expect((await stranger.post(path(booking))).status).toBe(404);
  expect((await foreigner.post(path(booking))).status).toBe(404);
  expect((await anonymous('driveway').post(path(booking))).status).toBe(401);
  expect((await driver.post(path({ id: randomUUID() }))).body.code).toBe('not_found');
  expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.status).toBe('confirmed');
});

test('a status of another marketplace’s flow is refused by the database', async () => {
  const booking = await newBooking();
  await expect(
    asOwner(
      sql`update booking.bookings set status = 'in_progress' where id = ${booking.id}::uuid returning id`,
    ),
  ).rejects.toThrow('bookings_status_fkey');
});

test('amounts that do not add up are refused by the database', async () => {
  const booking = await newBooking();
  await expect(
    asOwner(
      sql`update booking.bookings set subtotal_amount = subtotal_amount + 1 where id = ${booking.id}::uuid returning id`,
    ),
  ).rejects.toThrow('bookings_total_amount_check');
  await expect(
    asOwner(sql`update booking.bookings set line_items = '[]' where id = ${booking.id}::uuid returning id`),
  ).rejects.toThrow('bookings_line_items_check');
});
