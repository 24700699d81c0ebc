import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../lambdas/kernel/database.ts';
import { sql } from '../../lambdas/kernel/sql.ts';
import { bookSpace } from '../../lambdas/parking/book-space.ts';
import { marketplaceOf } from '../../marketplaces/index.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { again, book, booked, carFor, inHours, listed } from './spaces.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

test('a booking is confirmed at once, at rate and fee, for the two parties', async () => {
  const space = await listed(host, { hourly_rate: 500 });
  const [from, to] = [inHours(24), inHours(48)];
  const answer = await book(driver, space, from, to);
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({
    module: 'parking',
    resource_id: space.id,
    resource_name: space.title,
    customer_id: driver.id,
    provider_id: host.id,
    starts_at: from,
    ends_at: to,
    status: 'confirmed',
    expires_at: null,
    currency: 'USD',
    subtotal_amount: 12_000,
    fee_amount: 1_800,
    total_amount: 13_800,
    payment_status: 'pending',
    time_zone: 'America/Los_Angeles',
  });
  expect(answer.body.number).toMatch(/^DRV-\d{4}-\d{6,}$/);
  expect(answer.body.line_items.map((line: { amount: number }) => line.amount)).toEqual([12_000, 1_800]);
});

test('placing emits that it was placed and confirmed', async () => {
  const { id, number } = await booked(driver, await listed(host), inHours(24), inHours(25));
  const events = await asOwner(
    sql`select type, payload from app.outbox where payload ->> 'booking_id' = ${id}::text`,
  );
  expect(events.map(event => event.type).sort()).toEqual(['booking.confirmed', 'booking.placed']);
  expect(events[0].payload).toMatchObject({ number, customer_id: driver.id, provider_id: host.id });
});

test('a whole week can be booked', async () => {
  const answer = await book(driver, await listed(host), inHours(24), inHours(24 + 168));
  expect(answer.status).toBe(201);
  expect(answer.body.line_items[0].quantity).toBe(168);
});

test.each([
  ['ends_before_start', 'to', 26, 26],
  ['starts_in_past', 'from', -1, 26],
  ['too_soon', 'from', 0.5, 3],
  ['too_short', 'to', 24, 24.9],
  ['too_long', 'to', 24, 24 + 169],
])('%s is refused and names %s', async (code, field, from, to) => {
  const answer = await book(driver, await listed(host), inHours(from), inHours(to));
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field }] });
});

test('a space may ask for less than the marketplace’s longest booking, never for more', async () => {
  const generous = await listed(host, { maximum_booking_hours: 500 });
  expect((await book(driver, generous, inHours(24), inHours(24 + 169))).body.code).toBe('too_long');
  const strict = await listed(host, { maximum_booking_hours: 3 });
  expect((await book(driver, strict, inHours(24), inHours(28))).body.code).toBe('too_long');
  expect((await book(driver, strict, inHours(24), inHours(27))).status).toBe(201);
});

test('61 minutes are notice enough for an hour’s notice', async () => {
  const answer = await book(driver, await listed(host), inHours(61 / 60), inHours(3));
  expect(answer.status).toBe(201);
});

test('nobody books their own space', async () => {
  const both = await signUp('driveway', { roles: ['host', 'driver'] });
  const answer = await book(both, await listed(both), inHours(24), inHours(26));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('own_space');
});

test('a taken hour is refused, the hours beside it are not', async () => {
  const space = await listed(host);
  await booked(driver, space, inHours(24), inHours(26));
  const answer = await book(rival, space, inHours(25), inHours(27));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('slot_taken');
  const bystander = await booked(driver, await listed(host), inHours(24), inHours(26));
  expect(bystander.status).toBe('confirmed');
  const [from, to] = [inHours(40), inHours(42)];
  await booked(driver, space, from, to);
  expect((await book(rival, space, inHours(38), from)).status).toBe(201);
  expect((await book(rival, space, to, inHours(44))).status).toBe(201);
});

test('of 50 drivers after one hour one gets it', async () => {
  const space = await listed(host);
  const [from, to] = [inHours(24), inHours(25)];
  const drivers = await Promise.all(
    Array.from({ length: 10 }, () => signUp('driveway', { roles: ['driver'] })),
  );
  const tries = drivers.flatMap(person => [person, person, person, person, person]);
  const answers = await Promise.all(tries.map(person => book(person, space, from, to)));
  expect(answers.filter(answer => answer.status === 201)).toHaveLength(1);
  expect(answers.filter(answer => answer.body.code === 'slot_taken')).toHaveLength(49);
  const held = await asOwner(sql`select id from booking.reservations where resource_id = ${space.id}::uuid`);
  expect(held).toHaveLength(1);
});

test('a space for three takes three at one time, each in a unit of its own', async () => {
  const space = await listed(host, { capacity: 3 });
  const [from, to] = [inHours(24), inHours(25)];
  const drivers = await Promise.all(
    Array.from({ length: 6 }, () => signUp('driveway', { roles: ['driver'] })),
  );
  const answers = await Promise.all(drivers.map(person => book(person, space, from, to)));
  const units = answers.filter(answer => answer.status === 201).map(answer => answer.body.unit);
  expect(units.sort()).toEqual([1, 2, 3]);
  expect(answers.filter(answer => answer.body.code === 'slot_taken')).toHaveLength(3);
});

test('a repeated idempotency key books once, even at the same moment and after the start', async () => {
  const space = await listed(host);
  const [from, to] = [inHours(2), inHours(3)];
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = await Promise.all([
    book(driver, space, from, to, headers),
    book(driver, space, from, to, headers),
  ]);
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body).toEqual(first.body);
  advanceClock(4 * 3600);
  const later = await book(await again(driver), space, from, to, headers);
  expect(later.status).toBe(201);
  expect(later.body).toEqual(first.body);
});

test('numbers are given without a gap to bookings that are refused', async () => {
  const space = await listed(host);
  const [from, to] = [inHours(24), inHours(25)];
  const counted = (number: string) => Number(number.split('-')[2]);
  const first = await booked(driver, space, from, to);
  await book(rival, space, from, to);
  const second = await booked(driver, space, to, inHours(27));
  expect(counted(second.number)).toBe(counted(first.number) + 1);
});

test('a paused space is not booked, an unknown one not found, and a marketplace beside it has none', async () => {
  const space = await listed(host);
  const stranger = await signUp('handie', { roles: ['customer'] });
  expect((await book(stranger, space, inHours(24), inHours(26))).status).toBe(404);
  await asOwner(
    sql`update parking.spaces set listing_status = 'inactive' where id = ${space.id}::uuid returning id`,
  );
  const answer = await book(driver, space, inHours(24), inHours(26));
  expect(answer).toMatchObject({ status: 409, body: { code: 'space_paused' } });
  expect((await book(driver, { id: randomUUID() }, inHours(24), inHours(26))).status).toBe(404);
});

test('a host who is no driver and somebody who is not signed in are refused', async () => {
  const space = await listed(host);
  const other = await signUp('driveway', { roles: ['host'] });
  expect((await book(other, space, inHours(24), inHours(26))).body.code).toBe('forbidden');
  expect((await book(anonymous('driveway'), space, inHours(24), inHours(26))).status).toBe(401);
});

test('a space whose price changed between the look and the booking is not booked at the old one', async () => {
  const space = await listed(host, { hourly_rate: 500 });
  const [from, to] = [inHours(24), inHours(26)];
  const input = {
    space_id: space.id,
    from,
    to,
    vehicle_id: await carFor(driver, space, from, to),
    notes: null,
    promo_code: null,
    expected_total_amount: null,
  };
  const claims = JSON.parse(Buffer.from(driver.token?.split('.')[1] ?? '', 'base64url').toString());
  const context = {
    marketplace: 'driveway',
    now: new Date().toISOString(),
    actor: driver.id,
    session: claims.sid,
  };
  const { contract } = bookSpace;
  const db = openDatabase(
    { ...context, access: 'parking.book' },
    { trips: 0, emitted: 0 },
    { refusals: contract.refusals },
  );
  const raced: Database = {
    ...db,
    // The owner is faster than the second trip.
    async one(statement, row) {
      const terms = await db.one(statement, row);
      await asOwner(
        sql`update parking.spaces set hourly_rate = 900, version = version + 1 where id = ${space.id}::uuid returning id`,
      );
      return terms;
    },
  };
  const marketplace = marketplaceOf('driveway');
  const call = bookSpace.run(input, { db: raced, marketplace, now: new Date(), actor: driver.id } as never);
  await expect(call).rejects.toMatchObject({ code: 'listing_changed', status: 409 });
  expect(await asOwner(sql`select 1 from booking.bookings where resource_id = ${space.id}::uuid`)).toEqual(
    [],
  );
});
