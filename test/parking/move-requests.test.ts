import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { answerMove, stepped } from '../booking/bookings.ts';
import { advanceClock } from '../support/clock.ts';
import { messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { deliverEvents } from '../support/deliver-events.ts';
import { runSchedule } from '../support/invoke.ts';
import { logsOf } from '../support/logs.ts';
import { type Person, signUp } from '../support/people.ts';
import { again, book, booked, inHours, listed, vehicleOf } from './spaces.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

type Named = { id: string };
type Asked = Named & { move_request: { id: string } };
const path = (booking: Named) => `/api/v1/parking/bookings/${booking.id}`;
const extend = (person: Person, booking: Named, to: string, more = {}, headers = {}) =>
  person.post(`${path(booking)}/extend`, { to, ...more }, { headers });
const reschedule = (person: Person, booking: Named, from: string, to: string) =>
  person.post(`${path(booking)}/reschedule`, { from, to });
const shown = async (person: Person, booking: Named) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;

/** A booking in two days, for two hours, that its host has accepted by hand. */
async function agreed(more: Record<string, unknown> = {}, by = driver) {
  const space = await listed(host, { instant_booking_enabled: false });
  const booking = await booked(by, space, inHours(48), inHours(50), more);
  const { body } = await host.post(`/api/v1/bookings/${booking.id}/accept`);
  return { space, booking: body };
}

/** The same, of which a third hour is asked for. */
async function asked() {
  const { space, booking } = await agreed();
  const to = inHours(51);
  const { body } = await extend(driver, booking, to);
  return { space, booking, to, request: body as Asked };
}

test('the owner is asked, sees it, and accepts: the booking moves at the price that was asked with', async () => {
  const { booking } = await agreed();
  const to = inHours(51);
  const quoted = await driver.post(`${path(booking)}/quote`, { to });
  expect(quoted.body).toMatchObject({ available: true, instant: false, total_amount: 1725 });
  const lines = await logsOf(async () => {
    const answer = await extend(driver, booking, to, { expected_total_amount: 1725 });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        status: 'confirmed',
        version: 3,
        ends_at: booking.ends_at,
        total_amount: 1150,
        move_request: { starts_at: booking.starts_at, ends_at: to, total_amount: 1725 },
      },
    });
  });
  expect(lines.find(line => line.message === 'request')?.trips).toBe(2);
  const asking = async (flag: boolean) =>
    (await host.get(`/api/v1/bookings?role=provider&move_requested=${flag}&limit=100`)).body.items;
  const listedRow = (await asking(true)).find(({ id }: Named) => id === booking.id);
  expect((await asking(false)).map(({ id }: Named) => id)).not.toContain(booking.id);
  expect(listedRow.move_request).toMatchObject({
    ends_at: to,
    line_items: [{ amount: 1500 }, { amount: 225 }],
  });
  const accepted = await logsOf(async () => {
    const { body } = await answerMove(host, 'accept', listedRow);
    expect(body).toMatchObject({ id: booking.id, ends_at: to, total_amount: 1725, move_request: null });
  });
  expect(accepted.find(line => line.message === 'request')?.trips).toBe(1);
});

test('what the owner has agreed to already needs no answer, nor does anything where they book at once', async () => {
  const { space, booking } = await agreed();
  const shorter = inHours(49.5);
  expect((await driver.post(`${path(booking)}/quote`, { to: shorter })).body.instant).toBe(true);
  expect((await extend(driver, booking, shorter)).body).toMatchObject({
    ends_at: shorter,
    move_request: null,
  });
  await host.patch(`/api/v1/parking/spaces/${space.id}`, { instant_booking_enabled: true });
  const longer = inHours(52);
  expect((await extend(driver, booking, longer)).body).toMatchObject({ ends_at: longer, move_request: null });
});

test('a booking that was made at once asks too when its owner accepts by hand since', async () => {
  const space = await listed(host);
  const booking = await booked(driver, space, inHours(48), inHours(50));
  await host.patch(`/api/v1/parking/spaces/${space.id}`, { instant_booking_enabled: false });
  const { body } = await reschedule(driver, booking, inHours(60), inHours(61));
  expect(Date.parse(body.move_request.expires_at) - Date.now()).toBeGreaterThan(23.9 * 3_600_000);
  expect((await answerMove(host, 'decline', body)).body).toMatchObject({
    ends_at: booking.ends_at,
    version: 3,
  });
});

test('both are told, by name of what is asked, and the driver of the answer', async () => {
  const { request } = await asked();
  await answerMove(host, 'decline', request);
  await deliverEvents();
  const subjects = async (person: Person) =>
    (await messagesTo(person.email)).map(({ subject }) => subject?.replace(/DRV-\S+/, '#'));
  expect(await subjects(host)).toContain('Booking # is to have another time');
  expect(await subjects(driver)).toContain('We have asked for another time of booking #');
  expect(await subjects(driver)).toContain('Booking # keeps its time');
});

describe('who may what', () => {
  test('only the owner answers, only the driver withdraws, and to strangers there is nothing', async () => {
    const { booking, request } = await asked();
    for (const how of ['accept', 'decline'])
      expect((await answerMove(driver, how, request)).body.code).toBe('transition_not_allowed');
    expect((await answerMove(host, 'withdraw', request)).body.code).toBe('transition_not_allowed');
    const foreigner = await signUp('recovery', { roles: ['customer'] });
    for (const person of [rival, foreigner])
      for (const how of ['accept', 'decline', 'withdraw'])
        expect((await answerMove(person, how, request)).status).toBe(404);
    expect(await shown(driver, booking)).toMatchObject({ version: 3, ends_at: booking.ends_at });
  });

  test('the request of another booking is none of this one', async () => {
    const [one, two] = [await asked(), await asked()];
    const mixed = { id: one.booking.id, move_request: two.request.move_request };
    for (const how of ['accept', 'decline'])
      expect((await answerMove(host, how, mixed)).body.code).toBe('move_request_closed');
    expect((await answerMove(driver, 'withdraw', mixed)).body.code).toBe('move_request_closed');
    expect((await answerMove(host, 'accept', { ...mixed, move_request: { id: 'x' } })).status).toBe(400);
    expect(
      (await host.post(`/api/v1/bookings/${one.booking.id}/move-request/accept`)).body.errors,
    ).toMatchObject([{ field: 'request_id' }]);
    const more = { total_amount: 1, party: 'provider' };
    expect((await answerMove(host, 'accept', one.request, more)).status).toBe(400);
    expect((await shown(driver, two.booking)).move_request).not.toBeNull();
  });
});

describe('why it is not asked', () => {
  test('the owner has not answered to another time yet', async () => {
    const { booking } = await asked();
    const quoted = await driver.post(`${path(booking)}/quote`, { to: inHours(52) });
    expect(quoted.body.reasons).toMatchObject([{ code: 'move_requested' }]);
    expect((await extend(driver, booking, inHours(52))).body.code).toBe('move_requested');
    expect((await extend(driver, booking, inHours(49))).body.code).toBe('move_requested');
  });

  test('the price is another one, the time is taken, the vehicle is elsewhere', async () => {
    const { id: vehicle_id } = await vehicleOf(driver);
    const { space, booking } = await agreed({ vehicle_id });
    const answer = await extend(driver, booking, inHours(51), { expected_total_amount: 1 });
    expect(answer).toMatchObject({ status: 409, body: { code: 'price_changed', total_amount: 1725 } });
    await booked(rival, space, inHours(50), inHours(52));
    expect((await extend(driver, booking, inHours(51))).body.code).toBe('slot_taken');
    await booked(driver, await listed(host), inHours(60), inHours(62), { vehicle_id });
    expect((await reschedule(driver, booking, inHours(61), inHours(63))).body.code).toBe('vehicle_busy');
    expect(await shown(driver, booking)).toMatchObject({ version: 2, move_request: null });
  });

  test('the vehicle is held for the wanted time as well', async () => {
    const { id: vehicle_id } = await vehicleOf(driver);
    const { booking } = await agreed({ vehicle_id });
    const { body } = await reschedule(driver, booking, inHours(60), inHours(62));
    const elsewhere = await listed(host);
    const busy = () => book(driver, elsewhere, inHours(61), inHours(63), {}, { vehicle_id });
    expect((await busy()).body.code).toBe('vehicle_busy');
    await answerMove(driver, 'withdraw', body);
    expect((await busy()).status).toBe(201);
  });

  test('a booking that nobody has accepted yet, or that is over', async () => {
    const space = await listed(host, { instant_booking_enabled: false });
    const booking = await booked(driver, space, inHours(48), inHours(50));
    expect((await extend(driver, booking, inHours(51))).body.code).toBe('booking_not_movable');
    await driver.post(`/api/v1/bookings/${booking.id}/cancel`);
    expect((await extend(driver, booking, inHours(51))).body.code).toBe('booking_not_movable');
  });
});

describe('at once', () => {
  test('two answers of the owner, and one of the driver, end in one', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { booking, request } = await asked();
      const answers = await Promise.all([
        answerMove(host, 'accept', request),
        answerMove(host, 'decline', request),
        answerMove(driver, 'withdraw', request),
        answerMove(host, 'accept', request),
      ]);
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      for (const { status, body } of answers)
        if (status !== 200) expect(body.code).toBe('move_request_closed');
      const { version, move_request, timeline } = await shown(driver, booking);
      expect([version, move_request]).toEqual([4, null]);
      expect(timeline).toHaveLength(4);
    }
  });

  test('an answer and a cancellation leave a booking with one end', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { booking, request } = await asked();
      const [accepted, cancelled] = await Promise.all([
        answerMove(host, 'accept', request),
        driver.post(`/api/v1/bookings/${booking.id}/cancel`),
      ]);
      expect(cancelled.status).toBe(200);
      expect([200, 409]).toContain(accepted.status);
      expect(await shown(driver, booking)).toMatchObject({ status: 'cancelled', move_request: null });
    }
  });

  test('of who asks and a newcomer after the same hour one gets it', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const { space, booking } = await agreed();
      const [request, fresh] = await Promise.all([
        extend(driver, booking, inHours(52)),
        book(rival, space, inHours(51), inHours(53)),
      ]);
      expect([request.status === 200, fresh.status === 201].filter(Boolean)).toHaveLength(1);
    }
  });

  test('two requests are one', async () => {
    const { booking } = await agreed();
    const answers = await Promise.all([
      extend(driver, booking, inHours(51)),
      reschedule(driver, booking, inHours(60), inHours(61)),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await shown(driver, booking)).version).toBe(3);
  });
});

// The clocks of two Lambdas differ, and an answer may wait for the database longer than its time lasts.
test('a request whose time has gone to somebody else is not accepted, and the booking stays', async () => {
  const { space, booking, request } = await asked();
  await asOwner(sql`
    delete from booking.reservations where booking_id = ${booking.id}::uuid and kind = 'hold' returning id`);
  await booked(rival, space, inHours(50), inHours(52));
  expect((await answerMove(host, 'accept', request)).body.code).toBe('move_request_closed');
  expect(await shown(driver, booking)).toMatchObject({ version: 3, ends_at: booking.ends_at });
  expect((await answerMove(host, 'decline', request)).status).toBe(200);
});

test('repeated idempotency keys ask and accept once', async () => {
  const { booking } = await agreed();
  const [to, asking, answering] = [inHours(51), randomUUID(), randomUUID()];
  const first = await extend(driver, booking, to, {}, { 'idempotency-key': asking });
  const second = await extend(driver, booking, to, {}, { 'idempotency-key': asking });
  expect(second).toMatchObject({ status: 200, body: first.body });
  const accept = () => answerMove(host, 'accept', first.body, {}, { 'idempotency-key': answering });
  const accepted = await accept();
  expect(await accept()).toMatchObject({ status: 200, body: accepted.body });
  expect((await shown(driver, booking)).version).toBe(4);
});

test('a clock that jumps over the deadline leaves the booking as it was agreed', async () => {
  const parker = await signUp('driveway', { roles: ['driver'] });
  const { space, booking } = await agreed({}, parker);
  const [from, to] = [inHours(50), inHours(51)];
  const { body } = await extend(parker, booking, to);
  advanceClock(24 * 3600 + 1);
  const [laterHost, later] = [await again(host), await again(parker)];
  expect((await answerMove(laterHost, 'accept', body)).body.code).toBe('move_request_closed');
  expect((await book(await again(rival), space, from, to)).status).toBe(201);
  const noted = await later.patch(`/api/v1/bookings/${booking.id}`, { notes: 'A white Model 3.' });
  expect(noted.body.move_request).toBeNull();
  await runSchedule('sweep-timers');
  expect(await shown(later, booking)).toMatchObject({
    status: 'confirmed',
    ends_at: booking.ends_at,
    version: 4,
  });
});

test('a driver who is there already asks to stay longer', async () => {
  const parker = await signUp('driveway', { roles: ['driver'] });
  const { booking } = await agreed({}, parker);
  const to = inHours(51);
  await stepped('driveway', booking, 'active');
  const { body } = await extend(parker, booking, to);
  expect(body).toMatchObject({ status: 'active', move_request: { expires_at: expect.any(String) } });
  expect((await answerMove(host, 'accept', body)).body).toMatchObject({ status: 'active', ends_at: to });
});
