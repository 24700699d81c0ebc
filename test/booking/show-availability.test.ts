import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { anonymous } from '../support/client.ts';
import { fromNow } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { at, dayIn, nextWeekday, plusDays, reserve, resourceOf, ruled, whyClosed } from './resources.ts';

let host: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
});

type Stretch = { starts_at: string; ends_at: string; availability_type: string; free_units: number };
const monday = nextWeekday(1);
const guest = anonymous('driveway');
const pathOf = (resource: string, from: string, to: string, more = '') =>
  `/api/v1/resources/${resource}/availability?from=${from}&to=${to}${more}`;
const calendar = async (resource: string, from: string, to: string): Promise<Stretch[]> =>
  (await guest.get(pathOf(resource, from, to))).body.items;
const window = (day: string, from: string, to: string) => ({
  start_time: `${day}T${from}`,
  end_time: `${day}T${to}`,
});

test('anybody sees what is open, taken and blocked, without a gap and by whom left out', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, { availability_type: 'available', ...window(monday, '09:00', '18:00') });
  await ruled(host, resource, {
    availability_type: 'blocked',
    ...window(monday, '12:00', '13:00'),
    notes: 'Lunch',
  });
  await reserve(resource, 1, at(monday, '15:00'), at(monday, '16:00'));
  const answer = await guest.get(pathOf(resource, at(monday, '08:00'), at(monday, '20:00')));
  expect(answer.status, answer.text).toBe(200);
  const told = [
    ['08:00', '09:00', 'closed', 0],
    ['09:00', '12:00', 'available', 1],
    ['12:00', '13:00', 'blocked', 0],
    ['13:00', '15:00', 'available', 1],
    ['15:00', '16:00', 'booked', 0],
    ['16:00', '18:00', 'available', 1],
    ['18:00', '20:00', 'closed', 0],
  ] as const;
  expect(answer.body).toEqual({
    items: told.map(([from, to, availability_type, free_units]) => ({
      starts_at: at(monday, from),
      ends_at: at(monday, to),
      availability_type,
      free_units,
    })),
    next_cursor: null,
  });
});

test('units are counted while some are free', async () => {
  const resource = await resourceOf(host, { capacity: 2 });
  await reserve(resource, 2, at(monday, '10:00'), at(monday, '12:00'));
  await reserve(resource, 2, at(monday, '11:00'), at(monday, '13:00'));
  const stretches = await calendar(resource, at(monday, '09:00'), at(monday, '14:00'));
  expect(stretches.map(({ availability_type, free_units }) => [availability_type, free_units])).toEqual([
    ['available', 2],
    ['available', 1],
    ['booked', 0],
    ['available', 1],
    ['available', 2],
  ]);
});

test('a stretch ends where another unit becomes the free one, for nobody can book across', async () => {
  const resource = await resourceOf(host, { capacity: 2 });
  const taken = [
    ['10:00', '14:00', 1],
    ['10:00', '12:00', 2],
    ['14:00', '16:00', 1],
  ] as const;
  for (const [from, to, unit] of taken) {
    expect(await reserve(resource, 2, at(monday, from), at(monday, to))).toBe(unit);
  }
  // From noon to four the second one is free, whoever stands on the first.
  const shown = async () =>
    (await calendar(resource, at(monday, '09:00'), at(monday, '17:00'))).map(stretch => [
      stretch.starts_at,
      stretch.free_units,
    ]);
  const before = [
    [at(monday, '09:00'), 2],
    [at(monday, '10:00'), 0],
    [at(monday, '12:00'), 1],
    [at(monday, '16:00'), 2],
  ];
  expect(await shown()).toEqual(before);
  // Now the first one until two, and the second one from then on.
  await asOwner(
    sql`update booking.reservations set unit = 2
        where resource_id = ${resource}::uuid and lower(during) = ${at(monday, '14:00')}::timestamptz returning unit`,
  );
  expect(await shown()).toEqual([...before.slice(0, 3), [at(monday, '14:00'), 1], ...before.slice(3)]);
  expect(await whyClosed(resource, at(monday, '12:00'), at(monday, '14:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '14:00'), at(monday, '16:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '12:00'), at(monday, '16:00'))).toBe('taken');
});

test('the past and what lies beyond the horizon are closed', async () => {
  const resource = await resourceOf(host);
  const past = await calendar(resource, at(dayIn(-3), '00:00'), at(dayIn(2), '00:00'));
  expect(past.map(stretch => stretch.availability_type)).toEqual(['closed', 'available']);
  expect(Math.abs(Date.parse(past[0]?.ends_at ?? '') - Date.now())).toBeLessThan(60_000);
  const far = await calendar(resource, at(dayIn(360), '00:00'), at(dayIn(380), '00:00'));
  expect(far.map(stretch => stretch.availability_type)).toEqual(['available', 'closed']);
  expect(await whyClosed(resource, at(dayIn(366), '00:00'), at(dayIn(367), '00:00'))).toBe('beyond_horizon');
  expect(await whyClosed(resource, at(dayIn(-1), '00:00'), at(dayIn(1), '00:00'))).toBe('starts_in_past');
});

test('a long calendar comes in pages that fit together', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, {
    availability_type: 'available',
    ...window(monday, '09:00', '18:00'),
    recurrence_rule: 'FREQ=DAILY',
  });
  const [from, to] = [at(monday, '00:00'), at(plusDays(monday, 30), '00:00')];
  const whole = await calendar(resource, from, to);
  expect(whole).toHaveLength(61);
  const pages: Stretch[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const more = `&limit=7${cursor ? `&cursor=${cursor}` : ''}`;
    const { body } = await guest.get(pathOf(resource, from, to, more));
    pages.push(...body.items);
    cursor = body.next_cursor;
  }
  expect(pages).toEqual(whole);
});

test('a resource that is not listed is shown to its owner only', async () => {
  const resource = await resourceOf(host, { is_listed: false });
  const path = pathOf(resource, at(monday, '00:00'), at(monday, '12:00'));
  expect((await host.get(path)).status).toBe(200);
  expect((await guest.get(path)).status).toBe(404);
  const unknown = pathOf(randomUUID(), at(monday, '00:00'), at(monday, '12:00'));
  expect((await guest.get(unknown)).body.code).toBe('not_found');
  const listed = await resourceOf(host);
  const elsewhere = pathOf(listed, at(monday, '00:00'), at(monday, '12:00'));
  expect((await anonymous('handie').get(elsewhere)).status).toBe(404);
});

test.each([
  ['ends_before_start', '10:00', 0, '10:00'],
  ['window_too_long', '10:00', 367, '10:01'],
])('%s names the end', async (code, from, days, to) => {
  const resource = await resourceOf(host);
  const answer = await guest.get(pathOf(resource, at(monday, from), at(plusDays(monday, days), to)));
  expect(answer.status).toBe(422);
  expect(answer.body).toMatchObject({ code, errors: [{ field: 'to' }] });
});

test('notice, shortest, longest and buffers are judged, each bound itself allowed', async () => {
  const resource = await resourceOf(host, {
    notice_seconds: 7200,
    minimum_seconds: 3600,
    maximum_seconds: 6 * 3600,
    buffer_before: 900,
    buffer_after: 1800,
  });
  const soon = (hours: number) => fromNow(hours * 3_600_000);
  expect(await whyClosed(resource, soon(1.9), soon(4))).toBe('too_soon');
  expect(await whyClosed(resource, soon(2.1), soon(4))).toBeNull();
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '10:59'))).toBe('too_short');
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '16:01'))).toBe('too_long');
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '16:00'))).toBeNull();
  await reserve(resource, 1, at(monday, '12:00'), at(monday, '13:00'));
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:30'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:31'))).toBe('taken');
  expect(await whyClosed(resource, at(monday, '13:15'), at(monday, '14:15'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '13:14'), at(monday, '14:15'))).toBe('taken');
});

test('the marketplace’s longest booking holds for a resource that would take more', async () => {
  const resource = await resourceOf(host, { maximum_seconds: 500 * 3600 });
  // Hours that pass, however often clocks change meanwhile.
  const soon = (hours: number) => fromNow(hours * 3_600_000);
  expect(await whyClosed(resource, soon(24), soon(24 + 168))).toBeNull();
  expect(await whyClosed(resource, soon(24), soon(24 + 168.1))).toBe('too_long');
});

test('the calendar and the judgement of a booking agree, whatever the rules are', async () => {
  const hour = fc.integer({ min: 0, max: 71 });
  const stretch = fc.record({ from: hour, hours: fc.integer({ min: 1, max: 20 }) });
  const wall = (hours: number) =>
    `${plusDays(monday, Math.floor(hours / 24))}T${String(hours % 24).padStart(2, '0')}:00`;
  const moment = (hours: number) => at(...(wall(hours).split('T') as [string, string]));
  const property = fc.asyncProperty(
    fc.array(fc.record({ ...{ stretch }, type: fc.constantFrom('available', 'blocked', 'booked') }), {
      maxLength: 4,
    }),
    fc.array(stretch, { maxLength: 3 }),
    fc.array(stretch, { minLength: 8, maxLength: 8 }),
    async (rules, bookings, asked) => {
      const resource = await resourceOf(host);
      for (const { from, hours } of bookings) await reserve(resource, 1, moment(from), moment(from + hours));
      for (const {
        stretch: { from, hours },
        type,
      } of rules) {
        // One that meets a booking is refused.
        await host.post(`/api/v1/resources/${resource}/availability/rules`, {
          availability_type: type,
          start_time: wall(from),
          end_time: wall(from + hours),
        });
      }
      const shown = await calendar(resource, moment(0), moment(96));
      expect(shown.map(({ starts_at }) => starts_at).slice(1)).toEqual(
        shown.map(({ ends_at }) => ends_at).slice(0, -1),
      );
      for (const { from, hours } of asked) {
        const [start, end] = [moment(from), moment(from + hours)];
        const met = shown
          .filter(({ starts_at, ends_at }) => starts_at < end && ends_at > start)
          .map(({ availability_type }) => availability_type);
        const expected = met.includes('closed')
          ? 'closed'
          : met.includes('blocked')
            ? 'blocked'
            : met.includes('booked')
              ? 'taken'
              : null;
        expect(await whyClosed(resource, start, end)).toBe(expected);
      }
    },
  );
  await fc.assert(property, { numRuns: 12 });
}, 60_000);

test('a hold that has run out is free', async () => {
  const resource = await resourceOf(host);
  await asOwner(
    sql`insert into booking.reservations (marketplace, resource_id, unit, kind, during, expires_at)
        values ('driveway', ${resource}::uuid, 1, 'hold', tstzrange(${at(monday, '10:00')}::timestamptz,
          ${at(monday, '11:00')}::timestamptz), now() - interval '1 minute') returning id`,
  );
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:00'))).toBeNull();
  const stretches = await calendar(resource, at(monday, '09:00'), at(monday, '12:00'));
  expect(stretches.map(({ availability_type }) => availability_type)).toEqual(['available']);
});
