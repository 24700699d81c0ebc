import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { answerMove, eventsOf, moved, moveRequested, placed, priceOf, stepped } from './bookings.ts';

let host: Person;
let driver: Person;
let rival: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
  rival = await signUp('driveway', { roles: ['driver'] });
});

const HOUR = 3600;
/** Minutes are counted from one moment, whatever minute it is when a test asks. */
const START = Math.floor(Date.now() / 60_000) * 60_000;
const at = (minutes: number) => new Date(START + minutes * 60_000).toISOString();
const window = (from: number, to: number) => ({ starts_at: at(from), ends_at: at(to) });
const shown = async (person: Person, booking: { id: string }) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;

/** What a booking has of its resources: [from, to, kind], in minutes. */
const heldBy = async (booking: { id: string }) => {
  const rows = await asOwner(sql`
    select lower(during) as from, upper(during) as to, kind from booking.reservations
    where booking_id = ${booking.id}::uuid order by kind, during, resource_id`);
  return rows.map(row => [
    (Date.parse(row.from) - START) / 60_000,
    (Date.parse(row.to) - START) / 60_000,
    row.kind,
  ]);
};

/** A booking from ten to twelve hours from now, and a request to have it from one minute to another. */
async function asked(
  from: number,
  to: number,
  changes: Record<string, unknown> = {},
  price = priceOf(2000, 300),
) {
  const booking = await placed(driver, host, { ...window(600, 720), ...changes });
  return moveRequested(driver, booking, { ...window(from, to), ...price });
}

test.each([
  ['a later end', 600, 780, [[720, 780]]],
  ['an earlier start', 540, 720, [[540, 600]]],
  [
    'more on both sides',
    540,
    780,
    [
      [540, 600],
      [720, 780],
    ],
  ],
  ['another time', 900, 960, [[900, 960]]],
])(
  '%s is held beside the agreed time, and becomes the booking’s when it is accepted',
  async (_, from, to, added) => {
    const subject_id = randomUUID();
    const request = await asked(from, to, { subject_id });
    const twice = (spans: number[][], kind: string) =>
      spans.flatMap(span => [
        [...span, kind],
        [...span, kind],
      ]);
    expect(await heldBy(request)).toEqual([...twice([[600, 720]], 'booking'), ...twice(added, 'hold')]);
    expect(await shown(host, request)).toMatchObject({
      status: 'confirmed',
      version: 2,
      ...window(600, 720),
      total_amount: 1150,
      move_request: { id: request.move_request.id, ...window(from, to), total_amount: 2300 },
    });
    const resource_id = request.resource_id;
    await expect(placed(rival, host, { resource_id, ...window(added[0]?.[0] ?? 0, to) })).rejects.toThrow(
      'reservation_no_overlap',
    );
    const accepted = await answerMove(host, 'accept', request);
    expect(accepted).toMatchObject({
      status: 200,
      body: { id: request.id, version: 3, ...window(from, to), total_amount: 2300, move_request: null },
    });
    expect(await heldBy(request)).toEqual(twice([[from, to]], 'booking'));
    const { timeline } = await shown(driver, request);
    expect(timeline.slice(1)).toMatchObject([
      { event: 'move_requested', party: 'customer', details: { wanted_starts_at: expect.any(String) } },
      {
        event: 'moved',
        party: 'provider',
        details: { from: { total_amount: 1150 }, to: { total_amount: 2300 } },
      },
    ]);
    expect((await eventsOf(request)).slice(2)).toEqual(['booking.move_requested', 'booking.moved']);
  },
);

describe('a request ends', () => {
  const untouched = { status: 'confirmed', ...window(600, 720), total_amount: 1150, move_request: null };

  test('when it is declined, with a reason, and what it held is free at once', async () => {
    const request = await asked(600, 780);
    const { body } = await answerMove(host, 'decline', request, { reason: 'I need it myself.' });
    expect(body).toMatchObject({ ...untouched, version: 3 });
    expect((await shown(driver, request)).timeline.at(-1)).toMatchObject({
      event: 'move_declined',
      party: 'provider',
      reason: 'I need it myself.',
    });
    expect((await eventsOf(request)).at(-1)).toBe('booking.move_declined');
    const { resource_id } = request;
    expect(await placed(rival, host, { resource_id, ...window(720, 780) })).toMatchObject({ unit: 1 });
  });

  test('when its customer takes it back, and another one may follow', async () => {
    const request = await asked(600, 780);
    const { body } = await answerMove(driver, 'withdraw', request);
    expect(body).toMatchObject(untouched);
    expect(await heldBy(request)).toEqual([[600, 720, 'booking']]);
    expect((await eventsOf(request)).at(-1)).toBe('booking.move_withdrawn');
    const next = await moveRequested(driver, { ...request, version: body.version }, window(900, 960));
    expect((await answerMove(host, 'accept', request)).body.code).toBe('move_request_closed');
    expect((await answerMove(host, 'accept', next)).body).toMatchObject(window(900, 960));
  });

  test.each([
    ['cancelled', (booking: { id: string }) => driver.post(`/api/v1/bookings/${booking.id}/cancel`)],
    ['active', (booking: { id: string }) => stepped('driveway', booking, 'active')],
  ])('when its booking becomes %s', async (status, step) => {
    const request = await asked(600, 780, { subject_id: randomUUID() });
    await step(request);
    expect(await shown(host, request)).toMatchObject({ status, move_request: null, ...window(600, 720) });
    const left = (await heldBy(request)).map(([, , kind]) => kind);
    expect(left).toEqual(status === 'active' ? ['booking', 'booking'] : []);
    expect((await eventsOf(request)).slice(-2)).toEqual([`booking.${status}`, 'booking.move_ended']);
    expect((await answerMove(host, 'accept', request)).body.code).toBe('move_request_closed');
    expect((await shown(driver, request)).timeline.at(-1)).toMatchObject({
      event: 'move_ended',
      party: 'system',
    });
  });
});

describe('time', () => {
  test.each([
    ['a day after it was asked', 2 * 24 * 60, 24 * 60, 24 * 60],
    ['when the agreed time begins', 600, 900, 600],
    ['when the wanted time begins', 600, 300, 300],
  ])('a request is answered until %s', async (_, agreed, wanted, until) => {
    const booking = await placed(driver, host, window(agreed, agreed + 60));
    const moment = Date.now();
    const later = wanted === 24 * 60 ? agreed + 120 : wanted;
    const { move_request: request } = await moveRequested(driver, booking, window(later, later + 60));
    const expected = until === 24 * 60 ? moment + 24 * HOUR * 1000 : Date.parse(at(until));
    expect(Math.abs(Date.parse(request.expires_at) - expected)).toBeLessThan(5000);
  });

  test('one that has begun is asked for until its end, and how long the provider had for it before counts', async () => {
    const booking = await placed(driver, host, { ...window(10, 120), answer_seconds: 900 });
    const started = await stepped('driveway', booking, 'active');
    await expect(moveRequested(driver, started, window(20, 180))).rejects.toThrow('booking_not_movable');
    const { move_request: request } = await moveRequested(driver, started, window(10, 180));
    expect(Date.parse(request.expires_at)).toBe(Date.parse(at(120)));
    expect((await answerMove(host, 'accept', { id: booking.id, move_request: request })).body).toMatchObject({
      status: 'active',
      ...window(10, 180),
    });
  });

  test('a request that nobody answered reads as none at once, and its time is free, before any timer ran', async () => {
    const request = await asked(600, 780);
    advanceClock(10 * HOUR);
    const [later, laterHost] = [await again(driver), await again(host)];
    expect(await shown(later, request)).toMatchObject({
      status: 'confirmed',
      move_request: null,
      version: 2,
    });
    expect((await answerMove(laterHost, 'accept', request)).body.code).toBe('move_request_closed');
    expect((await answerMove(laterHost, 'decline', request)).body.code).toBe('move_request_closed');
    expect((await answerMove(later, 'withdraw', request)).body.code).toBe('move_request_closed');
    const { resource_id } = request;
    expect(await placed(await again(rival), host, { resource_id, ...window(720, 780) })).toMatchObject({
      unit: 1,
    });
  });

  test('the timer ends it for good, once, and its booking goes on by its own clock', async () => {
    const request = await asked(600, 780);
    advanceClock(10 * HOUR + 60);
    await runSchedule('sweep-timers');
    await runSchedule('sweep-timers');
    const later = await again(driver);
    const body = await shown(later, request);
    expect(body).toMatchObject({ status: 'confirmed', version: 3, move_request: null });
    expect(body.timeline.at(-1)).toMatchObject({ event: 'move_expired', party: 'system' });
    expect(await heldBy(request)).toEqual([[600, 720, 'booking']]);
    expect((await eventsOf(request)).slice(2)).toEqual(['booking.move_requested', 'booking.move_expired']);
    advanceClock(HOUR);
    await runSchedule('sweep-timers');
    expect((await shown(await again(driver), request)).status).toBe('no_show');
  });

  test('who asks again after it ran out needs no timer either', async () => {
    const request = await asked(300, 400);
    advanceClock(5 * HOUR + 60);
    const later = await again(driver);
    const next = await moveRequested(later, request, window(600, 780));
    expect(next).toMatchObject({ version: 4 });
    expect((await shown(later, request)).timeline.slice(2)).toMatchObject([
      { event: 'move_expired', party: 'system' },
      { event: 'move_requested', party: 'customer' },
    ]);
    expect(await heldBy(request)).toEqual([
      [600, 720, 'booking'],
      [720, 780, 'hold'],
    ]);
  });

  test('a step after it ran out tells that it did', async () => {
    const request = await asked(300, 400);
    advanceClock(5 * HOUR + 60);
    await (await again(driver)).post(`/api/v1/bookings/${request.id}/cancel`);
    expect((await eventsOf(request)).slice(-2)).toEqual(['booking.cancelled', 'booking.move_expired']);
    expect(await heldBy(request)).toEqual([]);
  });
});

test('one request at a time: neither another nor a move of it comes beside', async () => {
  const request = await asked(600, 780);
  await expect(moveRequested(driver, request, window(900, 960))).rejects.toThrow('move_requested');
  await expect(moved(driver, request, window(610, 720))).rejects.toThrow('move_requested');
  expect(await heldBy(request)).toEqual([
    [600, 720, 'booking'],
    [720, 780, 'hold'],
  ]);
});

test('where another unit is free the wanted time is held there, and the booking goes there', async () => {
  const resource_id = randomUUID();
  const booking = await placed(driver, host, { resource_id, capacity: 2, ...window(600, 720) });
  await placed(rival, host, { resource_id, capacity: 2, ...window(720, 780) });
  const request = await moveRequested(driver, booking, { capacity: 2, ...window(600, 780) });
  expect(await heldBy(request)).toEqual([
    [600, 720, 'booking'],
    [600, 780, 'hold'],
  ]);
  expect((await answerMove(host, 'accept', request)).body).toMatchObject({ unit: 2, ...window(600, 780) });
  expect(await heldBy(request)).toEqual([[600, 780, 'booking']]);
});

test.each([
  ['reservation_no_overlap', (other: string) => ({ resource_id: other, subject_id: randomUUID() })],
  ['subject_no_overlap', (other: string) => ({ subject_id: other })],
])('%s: a time that is taken is not asked for, and nothing is held', async (code, share) => {
  const shared = share(randomUUID());
  await placed(driver, host, { ...shared, ...window(720, 780) });
  const booking = await placed(driver, host, { ...shared, ...window(600, 720) });
  await expect(moveRequested(driver, booking, window(540, 760))).rejects.toThrow(code);
  expect((await heldBy(booking)).map(([, , kind]) => kind)).not.toContain('hold');
  expect((await shown(driver, booking)).version).toBe(1);
});

test('a cheaper time that was asked for while cancelling was free is accepted later too', async () => {
  const booking = await placed(driver, host, window(26 * 60, 30 * 60));
  const request = await moveRequested(driver, booking, { ...window(40 * 60, 41 * 60), ...priceOf(500, 75) });
  advanceClock(5 * HOUR);
  const { body } = await answerMove(await again(host), 'accept', request);
  expect(body).toMatchObject({ total_amount: 575 });
  // What cancelling returned by then still counts.
  const quote = await (await again(driver)).get(`/api/v1/bookings/${booking.id}/cancellation-quote`);
  expect(quote.body.refund_percent).toBe(50);
  await expect(
    moveRequested(await again(driver), body, { ...window(50 * 60, 51 * 60), ...priceOf(100, 15) }),
  ).rejects.toThrow('too_late_for_less');
});
