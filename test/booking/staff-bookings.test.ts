import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { booked, inHours, listed } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp, signUpStaff } from '../support/people.ts';
import { inMinutes, placed } from './bookings.ts';

const PATH = '/api/v1/admin/bookings';
let staff: Person;
let host: Person;
let driver: Person;
let space: { id: string };
/** Newest first: two of a driver with a host, the older one cancelled, and one of the host as a guest elsewhere. */
let bookings: { id: string; number: string; starts_at: string; ends_at: string }[];
beforeAll(async () => {
  staff = await signUpStaff('driveway', 'support');
  host = await signUp('driveway', { roles: ['host', 'driver'] });
  driver = await signUp('driveway', { roles: ['driver', 'host'] });
  space = await listed(host);
  const early = await booked(driver, space, inHours(30), inHours(32));
  const late = await booked(driver, space, inHours(40), inHours(42));
  const away = await booked(host, await listed(driver), inHours(30), inHours(32));
  await driver.post(`/api/v1/bookings/${early.id}/cancel`, { reason: 'Rain.' });
  bookings = [away, late, early];
});

const ids = (answer: { body: { items: { id: string }[] } }) => answer.body.items.map(({ id }) => id);
const search = (query: Record<string, string>) => staff.get(`${PATH}?${new URLSearchParams(query)}`);
const all = () => bookings.map(({ id }) => id);

test('staff find bookings of a person on either side, newest first and page by page', async () => {
  expect(ids(await search({ user_id: host.id }))).toEqual(all());
  const first = await search({ user_id: driver.id, limit: '2' });
  const rest = await search({ user_id: driver.id, limit: '2', cursor: first.body.next_cursor });
  expect([...ids(first), ...ids(rest)]).toEqual(all());
  expect(rest.body.next_cursor).toBeNull();
});

test('all that is asked must fit', async () => {
  const [away, late, early] = bookings as [(typeof bookings)[0], (typeof bookings)[0], (typeof bookings)[0]];
  const found = async (query: Record<string, string>) => ids(await search({ user_id: host.id, ...query }));
  expect(ids(await search({ number: late.number }))).toEqual([late.id]);
  expect(await found({ resource_id: space.id })).toEqual([late.id, early.id]);
  expect(await found({ status: 'cancelled' })).toEqual([early.id]);
  expect(await found({ status: 'confirmed', resource_id: space.id })).toEqual([late.id]);
  expect(await found({ payment_status: 'pending', module: 'parking' })).toEqual(all());
  expect(await found({ module: 'services' })).toEqual([]);
  expect(await found({ from: away.ends_at })).toEqual([late.id]);
  expect(await found({ to: late.starts_at })).toEqual([away.id, early.id]);
});

test('a booking is shown with its timeline and what both sides know, notes of the provider left out', async () => {
  const [, , early] = bookings;
  await host.put(`/api/v1/bookings/${early?.id}/notes`, { notes: 'hush' });
  const { status, body, text } = await staff.get(`${PATH}/${early?.id}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ customer_id: driver.id, provider_id: host.id, cancellation_reason: 'Rain.' });
  expect(body.timeline.map((line: { event: string }) => line.event)).toEqual(['placed', 'cancelled']);
  expect(text).not.toContain('hush');
  const mine = (await driver.get(`/api/v1/bookings/${early?.id}`)).body;
  expect(body.timeline).toEqual(mine.timeline);
});

test('a request that has run out is found as the cancelled one that it is, before any timer ran', async () => {
  const request = await placed(driver, host, {
    instant: false,
    starts_at: inMinutes(60),
    ends_at: inMinutes(90),
  });
  advanceClock(61 * 60);
  const later = await signUpStaff('driveway', 'support');
  const query = `resource_id=${request.resource_id}`;
  expect(ids(await later.get(`${PATH}?${query}&status=cancelled`))).toEqual([request.id]);
  expect(ids(await later.get(`${PATH}?${query}&status=pending`))).toEqual([]);
});

test('who saw which booking is on record', async () => {
  const { id = '' } = bookings[0] ?? {};
  const clerk = await signUpStaff('driveway', 'support');
  await clerk.get(`${PATH}?user_id=${host.id}&status=confirmed&limit=1`);
  await clerk.get(`${PATH}/${id}`);
  const lines = await asOwner(
    sql`select action, record_id, metadata -> 'booking_ids' -> 0 as found from app.audit_logs
        where user_id = ${clerk.id}::uuid and action like 'booking.%' order by id`,
  );
  expect(lines).toEqual([
    { action: 'booking.searched_by_staff', record_id: null, found: id },
    { action: 'booking.read_by_staff', record_id: id, found: null },
  ]);
});

test('nobody else looks, and staff of another marketplace find nothing', async () => {
  const { id = '' } = bookings[0] ?? {};
  for (const path of [PATH, `${PATH}/${id}`]) expect((await driver.get(path)).body.code).toBe('forbidden');
  const elsewhere = await signUpStaff('handie');
  expect((await elsewhere.get(`${PATH}/${id}`)).status).toBe(404);
  expect(ids(await elsewhere.get(`${PATH}?user_id=${host.id}`))).toEqual([]);
  expect((await staff.get(`${PATH}/${randomUUID()}`)).status).toBe(404);
});

describe('a step of staff', () => {
  const soon = () => placed(driver, host, { starts_at: inMinutes(10), ends_at: inMinutes(130) });
  const steps = (booking: { id: string }) => `${PATH}/${booking.id}/steps`;

  test('is taken and audited, and the customer gets everything back', async () => {
    const booking = await soon();
    const reason = 'The driveway was flooded.';
    const clerk = await signUpStaff('driveway', 'support');
    const answer = await clerk.post(steps(booking), { status: 'cancelled', reason });
    expect(answer.body).toMatchObject({ status: 'cancelled', cancelled_by: 'staff', refund_amount: 1150 });
    expect(
      await asOwner(sql`select user_id, action from app.audit_logs where record_id = ${booking.id}::text`),
    ).toEqual([{ user_id: clerk.id, action: 'booking.changed_by_staff' }]);
    const illegal = await clerk.post(steps(booking), { status: 'active', reason });
    expect(illegal.body.code).toBe('transition_not_allowed');
  });

  test('is taken by nobody else, and by no staff of another marketplace', async () => {
    const booking = await soon();
    const body = { status: 'cancelled', reason: 'Because.' };
    expect((await driver.post(steps(booking), body)).body.code).toBe('forbidden');
    expect((await (await signUpStaff('recovery')).post(steps(booking), body)).status).toBe(404);
    expect((await driver.get(`/api/v1/bookings/${booking.id}`)).body.status).toBe('confirmed');
  });
});
