import decodeQR from 'qr/decode.js';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock, setClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { pictureOf, pictureOfSvg } from './access-pictures.ts';
import { again, booked, inHours, listed } from './spaces.ts';

const pathOf = (booking: { id: string }, rest = '') => `/api/v1/bookings/${booking.id}${rest}`;

/** A host, a driver, and a booking of the host's space that begins so many hours from now. */
async function scene(marketplace = 'driveway', hours = 2) {
  const [hostRole, driverRole] = marketplace === 'driveway' ? ['host', 'driver'] : ['customer', 'customer'];
  const host = await signUp(marketplace, { roles: [hostRole] });
  const driver = await signUp(marketplace, { roles: [driverRole] });
  const space = await listed(host, { advance_booking_hours: 0 });
  const booking = await booked(driver, space, inHours(hours), inHours(hours + 2));
  return { host, driver, space, booking };
}

/** Moves the clock to so many minutes after the start of a booking. Returns the people signed in anew. */
async function atMinute(booking: { starts_at: string }, minute: number, ...people: Person[]) {
  setClock(Date.parse(booking.starts_at) + minute * 60_000);
  return Promise.all(people.map(again));
}

const timelineOf = async (person: Person, booking: { id: string }) =>
  (await person.get(pathOf(booking))).body.timeline.map(
    ({ event, from_status, to_status, party, details }: Record<string, unknown>) => ({
      event,
      from_status,
      to_status,
      party,
      details,
    }),
  );

test('a confirmed booking has a code and a QR code that only its driver sees', async () => {
  const { host, driver, booking } = await scene();
  const { status, body } = await driver.get(pathOf(booking, '/access'));
  expect(status).toBe(200);
  expect(body).toEqual({
    access_code: expect.stringMatching(/^[0-9A-HJKMNP-TV-Z]{10}$/),
    qr_code: `vicinity://driveway/bookings/${booking.id}/check-in?code=${body.access_code}`,
    valid_from: new Date(Date.parse(booking.starts_at) - 15 * 60_000).toISOString(),
    valid_until: booking.ends_at,
    is_valid: false,
  });
  for (const stranger of [host, await signUp('driveway', { roles: ['driver'] })]) {
    expect((await stranger.get(pathOf(booking, '/access'))).status).toBe(404);
    expect((await stranger.get(pathOf(booking, '/access/qr'))).status).toBe(404);
  }
});

test('the QR code is a real one in both forms: a scanner reads what brings the driver in', async () => {
  const { driver, booking } = await scene();
  const { qr_code } = (await driver.get(pathOf(booking, '/access'))).body;
  const svg = await driver.get(pathOf(booking, '/access/qr'));
  expect(svg.headers['content-type']).toBe('image/svg+xml');
  expect(decodeQR(pictureOfSvg(svg.text))).toBe(qr_code);
  const png = await driver.get(pathOf(booking, '/access/qr?format=png'));
  expect(png.headers['content-type']).toBe('image/png');
  expect(decodeQR(pictureOf(Buffer.from(png.text, 'base64')))).toBe(qr_code);
});

test('of 200 bookings no two have the same code, and each code leads back to its booking', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host, { advance_booking_hours: 0, capacity: 200 });
  const bookings: { id: string }[] = [];
  // Ten at a time, as many as may race on two cores.
  while (bookings.length < 200)
    bookings.push(
      ...(await Promise.all(Array.from({ length: 10 }, () => booked(driver, space, inHours(2), inHours(4))))),
    );
  const rows = await asOwner(
    sql`select booking_id, code from parking.access_codes where customer_id = ${driver.id}::uuid`,
  );
  expect(new Set(rows.map(({ code }) => code)).size).toBe(200);
  expect(rows.every(({ code }) => code.length <= 20)).toBe(true);
  expect(rows.map(row => row.booking_id).toSorted()).toEqual(bookings.map(({ id }) => id).toSorted());
  // Nobody waits for their events: the next test that carries events would carry 400 messages.
  await asOwner(sql`update app.outbox set sent_at = app.now() where sent_at is null returning id`);
});

test('a request has no code before the host accepts it', async () => {
  const host = await signUp('driveway', { roles: ['host'] });
  const driver = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host, { instant_booking_enabled: false });
  const booking = await booked(driver, space, inHours(48), inHours(50));
  expect((await driver.get(pathOf(booking, '/access'))).status).toBe(404);
  expect(await driver.post(pathOf(booking, '/check-in'), { access_code: '0000000000' })).toMatchObject({
    status: 409,
    body: { code: 'booking_not_confirmed' },
  });
  await host.post(pathOf(booking, '/accept'), {});
  expect((await driver.get(pathOf(booking, '/access'))).status).toBe(200);
});

test('the host checks the driver in by the code that the driver shows, as people write it', async () => {
  const { host, driver, booking } = await scene();
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  const [later, again_] = await atMinute(booking, -10, host, driver);
  const written = `${access_code.slice(0, 5)} - ${access_code.slice(5)}`.toLowerCase();
  const answer = await later?.post(pathOf(booking, '/check-in'), { access_code: written });
  expect(answer).toMatchObject({ status: 200, body: { id: booking.id, status: 'active' } });
  expect((await again_?.get(pathOf(booking, '/access')))?.body.is_valid).toBe(true);
  expect(await timelineOf(again_ as Person, booking)).toEqual([
    expect.objectContaining({ to_status: 'confirmed' }),
    {
      event: 'active',
      from_status: 'confirmed',
      to_status: 'active',
      party: 'provider',
      details: { proof: 'code' },
    },
  ]);
});

test('a QR code opens whichever letters an app writes the id of the booking with', async () => {
  const { host, driver, booking } = await scene();
  const large = { id: booking.id.toUpperCase() };
  const { qr_code } = (await driver.get(pathOf(large, '/access'))).body;
  expect(qr_code).toContain(booking.id);
  const svg = await driver.get(pathOf(large, '/access/qr'));
  expect(decodeQR(pictureOfSvg(svg.text))).toBe(qr_code);
  const [later] = await atMinute(booking, 1, host);
  expect(await later?.post(pathOf(large, '/check-in'), { qr_code })).toMatchObject({
    status: 200,
    body: { id: booking.id, status: 'active' },
  });
});

test('each further use is noted and changes nothing', async () => {
  const { host, driver, booking } = await scene();
  const { qr_code } = (await driver.get(pathOf(booking, '/access'))).body;
  const [later, there] = await atMinute(booking, 1, host, driver);
  const first = await later?.post(pathOf(booking, '/check-in'), { qr_code });
  advanceClock(60);
  const second = await later?.post(pathOf(booking, '/check-in'), { qr_code });
  expect([first?.status, second?.status, second?.body.version]).toEqual([200, 200, first?.body.version]);
  expect((await timelineOf(there as Person, booking)).slice(1)).toEqual([
    {
      event: 'active',
      from_status: 'confirmed',
      to_status: 'active',
      party: 'provider',
      details: { proof: 'qr' },
    },
    {
      event: 'checked_in',
      from_status: 'active',
      to_status: 'active',
      party: 'provider',
      details: { proof: 'qr' },
    },
  ]);
});

test('of two who check in at the same moment both are let in, and the booking begins once', async () => {
  const { host, driver, booking } = await scene();
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  const [h, d] = await atMinute(booking, 1, host, driver);
  const answers = await Promise.all(
    [h, d, h].map(who => who?.post(pathOf(booking, '/check-in'), { access_code })),
  );
  expect(answers.map(answer => answer?.status)).toEqual([200, 200, 200]);
  const events = (await timelineOf(d as Person, booking)).map(({ event }: { event: string }) => event);
  expect(events.filter((event: string) => event === 'active')).toHaveLength(1);
  expect(events.filter((event: string) => event === 'checked_in')).toHaveLength(2);
});

test('a driver checks in by position when near enough, and by no other', async () => {
  const { host, driver, space, booking } = await scene();
  const [h, d] = await atMinute(booking, 5, host, driver);
  const { latitude, longitude } = space.location;
  const far = { latitude: latitude + 0.01, longitude };
  expect(await d?.post(pathOf(booking, '/check-in'), { position: far })).toMatchObject({
    status: 409,
    body: { code: 'too_far' },
  });
  expect(await h?.post(pathOf(booking, '/check-in'), { position: space.location })).toMatchObject({
    status: 422,
    body: { code: 'position_of_driver' },
  });
  const near = { latitude: latitude + 0.001, longitude };
  expect((await d?.post(pathOf(booking, '/check-in'), { position: near }))?.body.status).toBe('active');
  const [, line] = await timelineOf(d as Person, booking);
  expect(line.details).toEqual({ proof: 'position', distance_m: expect.any(Number) });
  expect(line.details.distance_m).toBeGreaterThan(100);
  expect(await d?.post(pathOf(booking, '/check-in'), { position: far })).toMatchObject({ status: 409 });
});

test('a wrong code, another booking’s QR code and no proof at all are refused', async () => {
  const { driver, booking } = await scene();
  const other = await scene();
  const { qr_code } = (await other.driver.get(pathOf(other.booking, '/access'))).body;
  const mine = (await driver.get(pathOf(booking, '/access'))).body;
  const [d] = await atMinute(booking, 1, driver);
  const wrong = { status: 422, body: { code: 'access_code_wrong' } };
  expect(await d?.post(pathOf(booking, '/check-in'), { access_code: 'ZZZZZZZZZZ' })).toMatchObject(wrong);
  expect(await d?.post(pathOf(booking, '/check-in'), { qr_code })).toMatchObject(wrong);
  expect(await d?.post(pathOf(booking, '/check-in'), { qr_code: 'https://example.com' })).toMatchObject(
    wrong,
  );
  const elsewhere = mine.qr_code.replace('driveway', 'handie');
  expect(await d?.post(pathOf(booking, '/check-in'), { qr_code: elsewhere })).toMatchObject(wrong);
  expect(await d?.post(pathOf(booking, '/check-in'), {})).toMatchObject({
    status: 422,
    body: { code: 'position_required' },
  });
  expect((await d?.get(pathOf(booking)))?.body.status).toBe('confirmed');
});

test('the code opens from a quarter of an hour before the start, and to the end', async () => {
  const early = await scene();
  const { access_code } = (await early.driver.get(pathOf(early.booking, '/access'))).body;
  let [d] = await atMinute(early.booking, -16, early.driver);
  expect(await d?.post(pathOf(early.booking, '/check-in'), { access_code })).toMatchObject({
    status: 409,
    body: { code: 'step_too_early' },
  });
  [d] = await atMinute(early.booking, 120, early.driver);
  expect(await d?.post(pathOf(early.booking, '/check-in'), { access_code })).toMatchObject({
    status: 409,
    body: { code: 'step_too_late' },
  });
  expect((await d?.get(pathOf(early.booking, '/access')))?.body.is_valid).toBe(false);
});

test('a cancelled booking opens nothing, and strangers do not find it', async () => {
  const { driver, booking } = await scene();
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  await driver.post(pathOf(booking, '/cancel'), {});
  const [d] = await atMinute(booking, 1, driver);
  expect(await d?.post(pathOf(booking, '/check-in'), { access_code })).toMatchObject({
    status: 409,
    body: { code: 'transition_not_allowed' },
  });
  expect((await d?.get(pathOf(booking, '/access')))?.body.is_valid).toBe(false);
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect((await stranger.post(pathOf(booking, '/check-in'), { access_code })).status).toBe(404);
  expect((await stranger.post(pathOf(booking, '/check-out'), {})).status).toBe(404);
  const abroad = await signUp('handie', { roles: ['customer'] });
  expect((await abroad.post(pathOf(booking, '/check-in'), { access_code })).status).toBe(404);
});

test('a check-in that is repeated with its key answers as the first time and is one use', async () => {
  const { driver, booking } = await scene();
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  const [d] = await atMinute(booking, 1, driver);
  const headers = { 'idempotency-key': crypto.randomUUID() };
  const first = await d?.post(pathOf(booking, '/check-in'), { access_code }, { headers });
  const second = await d?.post(pathOf(booking, '/check-in'), { access_code }, { headers });
  expect(second?.body).toEqual(first?.body);
  expect(await timelineOf(d as Person, booking)).toHaveLength(2);
});

test('a driver who leaves early checks out, and the rest of the time is free', async () => {
  const { driver, space, booking } = await scene();
  const { access_code } = (await driver.get(pathOf(booking, '/access'))).body;
  expect(await driver.post(pathOf(booking, '/check-out'), {})).toMatchObject({
    status: 409,
    body: { code: 'transition_not_allowed' },
  });
  const other = await signUp('driveway', { roles: ['driver'] });
  const [d, o] = await atMinute(booking, 1, driver, other);
  await d?.post(pathOf(booking, '/check-in'), { access_code });
  const done = await d?.post(pathOf(booking, '/check-out'), {});
  expect(done).toMatchObject({ status: 200, body: { status: 'completed' } });
  expect((await booked(o as Person, space, inHours(0.5), inHours(1.5))).status).toBe('confirmed');
});

test('in the other marketplace a booking is checked in to in_progress', async () => {
  const { driver, booking } = await scene('handie');
  const { access_code, qr_code } = (await driver.get(pathOf(booking, '/access'))).body;
  expect(qr_code).toContain('vicinity://handie/');
  const [d] = await atMinute(booking, 1, driver);
  expect((await d?.post(pathOf(booking, '/check-in'), { access_code }))?.body.status).toBe('in_progress');
});
