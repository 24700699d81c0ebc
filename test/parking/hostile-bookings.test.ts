import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { stepped } from '../booking/bookings.ts';
import { jpeg, upload } from '../identity/profile-files.ts';
import { completed, reviewed } from '../reviews/completed.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { again, book, booked, inHours, listed } from './spaces.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

const FAR = '9999-12-30T00:00:00Z';
const PATH = '/api/v1/parking/spaces';
type Named = { id: string };
const move = (person: Person, booking: Named, action: string, window: { from?: string; to: string }) =>
  person.post(`/api/v1/parking/bookings/${booking.id}/${action}`, window);
const shown = async (person: Person, booking: Named) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;

describe('a booking is not made cheaper when cancelling it costs', () => {
  test.each([
    ['an hour before, when nothing comes back', 0.9],
    ['a day before, when half comes back', 20],
  ])('%s', async (_, start) => {
    const space = await listed(host, { advance_booking_hours: 0 });
    const booking = await booked(driver, space, inHours(start), inHours(start + 100));
    const to = inHours(start + 2);
    const quote = (await move(driver, booking, 'quote', { to })).body;
    expect(quote).toMatchObject({ available: false, reasons: [{ code: 'too_late_for_less' }] });
    for (const answer of [
      await move(driver, booking, 'extend', { to }),
      await move(driver, booking, 'reschedule', { from: inHours(start + 200), to: inHours(start + 202) }),
    ]) {
      expect(answer).toMatchObject({ status: 409, body: { code: 'too_late_for_less' } });
    }
    expect(await shown(driver, booking)).toMatchObject({ version: 1, total_amount: booking.total_amount });
  });

  test('nor once it was moved from there to a time at which a new one could be cancelled', async () => {
    const space = await listed(host, { advance_booking_hours: 0 });
    const booking = await booked(driver, space, inHours(2), inHours(12));
    expect((await move(driver, booking, 'reschedule', { from: inHours(72), to: inHours(82) })).status).toBe(
      200,
    );
    expect((await move(driver, booking, 'extend', { to: inHours(74) })).body.code).toBe('too_late_for_less');
  });

  test('nor while it runs, but longer it may become', async () => {
    const parker = await signUp('driveway', { roles: ['driver'] });
    const space = await listed(host, { advance_booking_hours: 0 });
    const booking = await booked(parker, space, inHours(1), inHours(100));
    await stepped('driveway', booking, 'active');
    const [shorter, longer] = [inHours(3), inHours(110)];
    advanceClock(2 * 3600 - 60);
    const later = await again(parker);
    expect((await move(later, booking, 'extend', { to: shorter })).body.code).toBe('too_late_for_less');
    expect((await move(later, booking, 'extend', { to: longer })).status).toBe(200);
  });

  test('before that it is', async () => {
    const booking = await booked(driver, await listed(host), inHours(48), inHours(58));
    expect((await move(driver, booking, 'extend', { to: inHours(50) })).body.total_amount).toBe(1150);
  });
});

test('a move at whose moment the owner closes is refused', async () => {
  const space = await listed(host);
  const booking = await booked(driver, space, inHours(24), inHours(26));
  const details = { ...booking, starts_at: inHours(30), ends_at: inHours(32) };
  await asOwner(
    sql`update booking.resources set always_open_until = '-infinity' where id = ${space.id}::uuid returning id`,
  );
  const claims = JSON.parse(Buffer.from(driver.token?.split('.')[1] ?? '', 'base64url').toString());
  const context = { marketplace: 'driveway', actor: driver.id, session: claims.sid, access: 'signed_in' };
  const written = asOwner(
    sql`select parking.move(${booking.id}::uuid, 1, s.version, ${details}::jsonb)
        from parking.spaces s where s.id = ${space.id}::uuid`,
    { ...context, now: new Date().toISOString() },
  );
  await expect(written).rejects.toThrow('closed');
});

test('an owner does not send the driver off to let the rest of the time once more', async () => {
  const space = await listed(host, { advance_booking_hours: 0 });
  const booking = await booked(driver, space, inHours(0.1), inHours(100));
  await stepped('driveway', booking, 'active');
  for (const way of ['check-out', 'complete']) {
    const answer = await host.post(`/api/v1/bookings/${booking.id}/${way}`);
    expect(answer).toMatchObject({ status: 409, body: { code: 'step_too_early' } });
  }
  expect((await book(rival, space, inHours(50), inHours(52))).body.code).toBe('slot_taken');
});

describe('fewer places', () => {
  test('are refused while somebody has one of those that would go', async () => {
    const space = await listed(host, { capacity: 2 });
    const [from, to] = [inHours(24), inHours(26)];
    const low = await booked(driver, space, from, to);
    const high = await booked(rival, space, from, to);
    await driver.post(`/api/v1/bookings/${low.id}/cancel`, {});
    const refused = await host.patch(`${PATH}/${space.id}`, { capacity: 1 });
    expect(refused).toMatchObject({ status: 409, body: { code: 'units_booked' } });
    await rival.post(`/api/v1/bookings/${high.id}/cancel`, {});
    expect((await host.patch(`${PATH}/${space.id}`, { capacity: 1 })).status).toBe(200);
  });

  test('and bookings at the same moment leave nobody without a place', async () => {
    for (let turn = 0; turn < 4; turn += 1) {
      const space = await listed(host, { capacity: 2 });
      const [from, to] = [inHours(24), inHours(26)];
      await booked(driver, space, from, to);
      const [second, fewer] = await Promise.all([
        book(rival, space, from, to),
        host.patch(`${PATH}/${space.id}`, { capacity: 1 }),
      ]);
      expect([second.status === 201, fewer.status === 200].filter(Boolean)).toHaveLength(1);
    }
  });
});

test.each(['suspend', 'ban'])(
  'to %s an owner takes their spaces off the market, and nobody else’s',
  async way => {
    const owner = await signUp('driveway', { roles: ['host'] });
    const [space, bystander] = [await listed(owner), await listed(host)];
    const staff = await signUpStaff('driveway');
    const until = way === 'suspend' ? { until: inHours(100) } : {};
    const answer = await staff.post(`/api/v1/admin/users/${owner.id}/${way}`, { reason: 'Fraud.', ...until });
    expect(answer.status, answer.text).toBe(200);
    expect((await anonymous('driveway').get(`${PATH}/${space.id}`)).status).toBe(404);
    const path = `/api/v1/resources/${space.id}/availability?from=${inHours(1)}&to=${inHours(9)}`;
    expect((await anonymous('driveway').get(path)).status).toBe(404);
    expect((await book(driver, space, inHours(24), inHours(26))).body.code).toBe('space_paused');
    expect((await book(driver, bystander, inHours(24), inHours(26))).status).toBe(201);
  },
);

test('who has come and not gone keeps both accounts and the space until the booking ends', async () => {
  const owner = await signUpWithPassword('driveway', { roles: ['host'] });
  const parker = await signUpWithPassword('driveway', { roles: ['driver'] });
  const space = await listed(owner, { advance_booking_hours: 0 });
  const booking = await booked(parker, space, inHours(0.1), inHours(2));
  await stepped('driveway', booking, 'active');
  advanceClock(3 * 3600);
  const people = [await again(owner), await again(parker)] as const;
  for (const person of people) {
    const answer = await person.send('DELETE', '/api/v1/users/me', { password: owner.password });
    expect(answer).toMatchObject({ status: 409, body: { code: 'bookings_running' } });
  }
  expect((await people[0].delete(`${PATH}/${space.id}`)).body.code).toBe('space_booked');
  expect(
    (await people[1].post(`/api/v1/bookings/${booking.id}/check-out`)).body.overstay_amount,
  ).toBeGreaterThan(0);
  expect((await people[0].delete(`${PATH}/${space.id}`)).status).toBe(204);
});

test.each(['0001-01-01T00:00:00.000Z', FAR])(
  'a calendar stays within its window with the cursor %s',
  async moment => {
    const space = await listed(host);
    const [from, to] = [inHours(24), inHours(48)];
    const cursor = Buffer.from(JSON.stringify([moment])).toString('base64url');
    const path = `/api/v1/resources/${space.id}/availability?from=${from}&to=${to}&cursor=${cursor}`;
    const answer = await anonymous('driveway').get(path);
    expect(answer.status, answer.text).toBe(200);
    const shown = moment === FAR ? [] : [{ starts_at: from, ends_at: to, availability_type: 'available' }];
    expect(answer.body.items).toMatchObject(shown);
  },
);

test('nobody writes a booking so full that the other party cannot read it', async () => {
  const parker = await signUp('driveway', { roles: ['driver'] });
  const space = await listed(host, { advance_booking_hours: 0 });
  const booking = await booked(parker, space, inHours(0.1), inHours(2));
  const { access_code } = (await parker.get(`/api/v1/bookings/${booking.id}/access`)).body;
  const checkIn = () => parker.post(`/api/v1/bookings/${booking.id}/check-in`, { access_code });
  const answers = [];
  for (let n = 0; n < 22; n += 1) answers.push((await checkIn()).status);
  expect(answers).toEqual([...Array(21).fill(200), 429]);
  await asOwner(
    sql`insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, event, details)
        select t.booking_id, t.version, t.actor, t.party, t.from_status, t.to_status, t.event, t.details
        from booking.timeline t, generate_series(1, 500) where t.booking_id = ${booking.id}::uuid and t.event = 'checked_in'
        returning id`,
  );
  await parker.post(`/api/v1/bookings/${booking.id}/check-out`);
  const { timeline } = await shown(host, booking);
  expect(timeline).toHaveLength(100);
  expect(timeline.at(-1)).toMatchObject({ event: 'completed' });
});

test('a booking is moved twenty times an hour', async () => {
  const booking = await booked(driver, await listed(host), inHours(48), inHours(50));
  const answers = [];
  for (let n = 1; n <= 21; n += 1) {
    answers.push((await move(driver, booking, 'extend', { to: inHours(50 + n) })).status);
  }
  expect(answers).toEqual([...Array(20).fill(200), 429]);
  await asOwner(
    sql`insert into booking.timeline (booking_id, version, actor, party, from_status, to_status, event, details)
        select t.booking_id, t.version, t.actor, t.party, t.from_status, t.to_status, t.event, t.details
        from booking.timeline t, generate_series(1, 20) where t.booking_id = ${booking.id}::uuid and t.event = 'moved'
        returning id`,
  );
  const notes = { notes: '🚗'.repeat(1000) };
  expect((await driver.patch(`/api/v1/bookings/${booking.id}`, notes)).status).toBe(200);
  expect((await host.patch(`/api/v1/bookings/${booking.id}`, notes)).status).toBe(200);
  expect((await shown(host, booking)).timeline).toHaveLength(100);
});

test('staff decide neither about a booking of their own nor about what was said of them', async () => {
  const staff = await signUpStaff('driveway');
  const space = await listed(host, { advance_booking_hours: 0 });
  const booking = await booked(staff, space, inHours(0.9), inHours(9));
  const step = { status: 'cancelled', reason: 'Mine.' };
  const refused = await staff.post(`/api/v1/admin/bookings/${booking.id}/steps`, step);
  expect(refused).toMatchObject({ status: 409, body: { code: 'own_booking' } });
  expect((await shown(staff, booking)).status).toBe('confirmed');

  const visit = await completed(driver, staff);
  const review = await reviewed(driver, visit, { rating: 1 });
  await reviewed(staff, visit);
  for (const [person, code] of [
    [staff, 'own_review'],
    [await signUpStaff('driveway'), undefined],
  ] as const) {
    const change = { is_published: false, reason: 'Not nice.' };
    expect((await person.patch(`/api/v1/admin/reviews/${review.id}`, change)).body.code).toBe(code);
  }
});

test('a photograph is not named twice in other letters', async () => {
  const space = await listed(host);
  const { body } = await upload(host, jpeg(), { purpose: 'space_photo' });
  const photos = [{ upload_id: body.id }, { upload_id: body.id.toUpperCase() }];
  expect((await host.put(`${PATH}/${space.id}/photos`, { photos })).status).toBe(400);
});

test('a time of thousands of years is refused, and nothing is reckoned of it', async () => {
  const space = await listed(host, { hourly_rate: 99_999_999, daily_rate: 1, monthly_rate: 99_999_998 });
  const booking = await booked(driver, space, inHours(24), inHours(26));
  const window = { from: inHours(24), to: FAR };
  const { latitude, longitude } = space.location;
  const query = `latitude=${latitude}&longitude=${longitude}&from=${window.from}&to=${FAR}`;
  for (const [code, answer] of [
    ['too_long', await anonymous('driveway').post(`${PATH}/${space.id}/quote`, window)],
    ['too_long', await book(driver, space, window.from, FAR)],
    ['too_long', await move(driver, booking, 'quote', { to: FAR })],
    ['too_long', await move(driver, booking, 'extend', { to: FAR })],
    ['too_long', await move(driver, booking, 'reschedule', window)],
    ['beyond_horizon', await anonymous('driveway').get(`${PATH}/${space.id}/explanation?${query}`)],
    ['beyond_horizon', await anonymous('driveway').get(`${PATH}?${query}`)],
  ] as const) {
    expect(answer.status, answer.text).toBe(422);
    expect(answer.body.code).toBe(code);
  }
});
