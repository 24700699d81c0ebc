import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { again } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { advanceClock, setClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { eventsOf, inMinutes, placed, reservationsOf, stepped } from './bookings.ts';

const MINUTE = 60;
let host: Person;
let driver: Person;
beforeEach(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

/** A booking of two hours that starts in ten minutes, when its driver may already come in. */
const soon = (changes: Record<string, unknown> = {}) =>
  placed(driver, host, { starts_at: inMinutes(10), ends_at: inMinutes(130), ...changes });
/** Moves the clock to so many minutes after the end of a booking. */
const leaveLate = (booking: { ends_at: string }, minutes: number) =>
  setClock(Date.parse(booking.ends_at) + minutes * MINUTE * 1000);
const running = async (changes: Record<string, unknown> = {}) =>
  stepped(driver, await soon(changes), 'active', { by: 'code' });
const shown = async (person: Person, booking: { id: string }) =>
  (await person.get(`/api/v1/bookings/${booking.id}`)).body;
const step = (person: Person, booking: { id: string }, name: string, body: unknown = {}) =>
  person.post(`/api/v1/bookings/${booking.id}/${name}`, body);

describe('coming in', () => {
  test('a driver within reach starts the booking, and the timeline tells how far away', async () => {
    const booking = await soon();
    const started = await stepped(driver, booking, 'active', { latitude: 37.761, longitude: -122.42 });
    expect(started).toMatchObject({ status: 'active' });
    expect(started.started_at).not.toBeNull();
    const { timeline } = await shown(driver, booking);
    expect(timeline[1]).toMatchObject({ event: 'active', details: { proof: 'position', distance_m: 111 } });
  });

  test.each([
    ['too_far', { latitude: 37.78, longitude: -122.42 }],
    ['position_required', null],
  ])('%s is refused', async (code, proof) => {
    await expect(stepped(driver, await soon(), 'active', proof)).rejects.toThrow(code);
  });

  test('the host need not be there to see the driver come', async () => {
    expect(await stepped(host, await soon(), 'active')).toMatchObject({ status: 'active' });
  });

  test.each([
    ['step_too_early', 16, 130],
    ['step_too_late', -200, -1],
  ])('%s is refused', async (code, from, to) => {
    const booking = await placed(driver, host, { starts_at: inMinutes(from), ends_at: inMinutes(to) });
    await expect(stepped(driver, booking, 'active', { by: 'code' })).rejects.toThrow(code);
  });
});

describe('leaving', () => {
  test('the driver completes a running booking, and its time is free at once', async () => {
    const booking = await running();
    const bystander = await running();
    const answer = await step(driver, booking, 'complete');
    expect(answer.body).toMatchObject({ status: 'completed', overstay_amount: 0, total_amount: 1150 });
    expect(answer.body.completed_at).not.toBeNull();
    expect(await reservationsOf(booking)).toEqual([]);
    expect(await reservationsOf(bystander)).toHaveLength(1);
  });

  test('the host completes it once its time is over, and does not let the rest once more', async () => {
    const booking = await running();
    expect((await step(host, booking, 'complete')).body.code).toBe('step_too_early');
    expect(await reservationsOf(booking)).toHaveLength(1);
    leaveLate(booking, 1);
    expect((await step(await again(host), booking, 'complete')).body.status).toBe('completed');
  });

  test('a booking that has not begun is not completed', async () => {
    expect((await step(driver, await soon(), 'complete')).body.code).toBe('transition_not_allowed');
  });

  test('of two who complete at once one does', async () => {
    const booking = await running();
    leaveLate(booking, 1);
    const [d, h] = [await again(driver), await again(host)];
    const answers = await Promise.all([step(d, booking, 'complete'), step(h, booking, 'complete')]);
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 409]);
    expect((await eventsOf(booking)).filter(type => type === 'booking.completed')).toHaveLength(1);
  });

  test('within the grace nothing is owed for staying longer', async () => {
    const booking = await running();
    leaveLate(booking, 15);
    expect((await step(await again(driver), booking, 'complete')).body.overstay_amount).toBe(0);
  });

  test('after the grace the whole time over is owed, with the fee on it', async () => {
    const booking = await running();
    leaveLate(booking, 60);
    const { body } = await step(await again(driver), booking, 'complete');
    // An hour over at 500 an hour and 150 %, and 15 % on top.
    expect(body).toMatchObject({
      subtotal_amount: 1750,
      fee_amount: 263,
      total_amount: 2013,
      overstay_amount: 863,
    });
    expect(body.line_items.slice(2)).toMatchObject([
      { code: 'overstay', amount: 750, payee: 'provider' },
      { code: 'overstay_fee', amount: 113, payee: 'platform' },
    ]);
  });

  test('the clock tells of an overstay once, and ends it in the end', async () => {
    const booking = await running();
    leaveLate(booking, 16);
    await runSchedule('sweep-timers');
    await runSchedule('sweep-timers');
    expect(await eventsOf(booking)).toEqual([
      'booking.placed',
      'booking.confirmed',
      'booking.active',
      'booking.overstayed',
    ]);
    leaveLate(booking, 300);
    await runSchedule('sweep-timers');
    const body = await shown(await again(driver), booking);
    // Four hours at most, though it was swept later.
    expect(body).toMatchObject({ status: 'completed', subtotal_amount: 4000, overstay_amount: 3450 });
    expect(body.timeline.map((line: { event: string }) => line.event)).toEqual([
      'placed',
      'active',
      'overstayed',
      'completed',
    ]);
  });
});

describe('not coming', () => {
  test('the clock takes a driver who has not come an hour after the start not to come', async () => {
    const booking = await soon();
    const bystander = await running();
    advanceClock((10 + 60) * MINUTE);
    await runSchedule('sweep-timers');
    const later = await again(driver);
    expect(await shown(later, booking)).toMatchObject({
      status: 'no_show',
      refund_amount: 0,
      total_amount: 1150,
    });
    expect(await shown(later, bystander)).toMatchObject({ status: 'active' });
    expect(await reservationsOf(booking)).toEqual([]);
  });

  test('a policy may give something back', async () => {
    const booking = await soon({ policy: { no_show: { after_minutes: 5, refund_percent: 30 } } });
    advanceClock(15 * MINUTE);
    const { body } = await step(await again(host), booking, 'no-show', { reason: 'Nobody came.' });
    expect(body).toMatchObject({ status: 'no_show', refund_amount: 345 });
  });

  test('the host says so no earlier than that, and the driver never', async () => {
    const booking = await soon();
    expect((await step(host, booking, 'no-show')).body.code).toBe('step_too_early');
    expect((await step(driver, booking, 'no-show')).body.code).toBe('transition_not_allowed');
  });
});

describe('requests', () => {
  test('the host declines, with a reason, and the driver owes nothing', async () => {
    const booking = await placed(driver, host, { instant: false });
    const { body } = await step(host, booking, 'decline', { reason: 'The driveway is being repaired.' });
    expect(body).toMatchObject({
      status: 'cancelled',
      cancelled_by: 'provider',
      cancellation_reason: 'The driveway is being repaired.',
      refund_amount: 1150,
    });
    expect(await eventsOf(booking)).toEqual(['booking.placed', 'booking.declined']);
    expect(await reservationsOf(booking)).toEqual([]);
  });

  test('what is confirmed is not declined, and a driver declines nothing', async () => {
    expect((await step(host, await soon(), 'decline')).body.code).toBe('transition_not_allowed');
    const request = await placed(driver, host, { instant: false });
    expect((await step(driver, request, 'decline')).body.code).toBe('transition_not_allowed');
  });

  test('an answer and a withdrawal at the same moment end in one of the two', async () => {
    const booking = await placed(driver, host, { instant: false });
    const answers = await Promise.all([step(host, booking, 'decline'), step(driver, booking, 'cancel')]);
    expect(answers.map(answer => answer.status).sort()).toEqual([200, 409]);
  });
});

test('a booking keeps the flow that it was made under', async () => {
  const booking = await soon();
  const current = sql`select id from booking.flows where marketplace = 'driveway' and is_current`;
  const [{ id }] = await asOwner(current);
  await asOwner(sql`update booking.flows set is_current = false where id = ${id}::uuid returning id`);
  await asOwner(sql`
    with made as (
      insert into booking.flows (marketplace, module, fingerprint, instant, on_request, unpaid, running, completed, no_show, live,
                                 cancelled, transitions, timers)
      select marketplace, module, ${randomUUID()}::text, 'booked', null, 'booked', 'parked', 'gone', 'no_show',
             array['booked', 'parked'], 'cancelled', '[]', '[]'
      from booking.flows where id = ${id}::uuid returning id)
    insert into booking.flow_statuses (flow_id, status)
    select made.id, s from made, unnest(array['booked', 'parked', 'gone', 'no_show', 'cancelled']) as s returning flow_id`);
  try {
    expect(await soon()).toMatchObject({ status: 'booked' });
    expect((await step(driver, booking, 'cancel')).body.status).toBe('cancelled');
  } finally {
    await asOwner(
      sql`update booking.flows set is_current = false where marketplace = 'driveway' and is_current returning id`,
    );
    await asOwner(sql`update booking.flows set is_current = true where id = ${id}::uuid returning id`);
  }
});

describe('modules take part', () => {
  test('their functions run in the step’s own transaction, the modules’ own and everybody’s, once', async () => {
    await asOwner(sql`
      insert into booking.step_handlers (moment, module, handler)
      values ('confirmed', 'parking', 'booking.tick'), ('ended', 'services', 'booking.missing') returning handler`);
    try {
      // `tick` of a booking that is not due changes nothing but its clock: that it ran shows in the clock that it stopped.
      const booking = await soon();
      const clocks = await asOwner(
        sql`select outcome from app.timers where subject_id = ${booking.id}::uuid order by id`,
      );
      expect(clocks).toEqual([{ outcome: 'cancelled' }, { outcome: null }]);
      // The handler of another module is not called: it is not even there.
      expect((await step(host, booking, 'cancel')).status).toBe(200);
    } finally {
      await asOwner(
        sql`delete from booking.step_handlers where handler in ('booking.tick', 'booking.missing') returning handler`,
      );
    }
  });
});

test('notes are kept by each party, and the host’s are for nobody else', async () => {
  const booking = await soon();
  const path = `/api/v1/bookings/${booking.id}`;
  expect((await driver.patch(path, { notes: 'A white Model 3.' })).body.customer_notes).toBe(
    'A white Model 3.',
  );
  expect((await host.patch(path, { notes: 'Asked for the door.' })).status).toBe(200);
  expect(await shown(host, booking)).toMatchObject({
    customer_notes: 'A white Model 3.',
    provider_notes: 'Asked for the door.',
  });
  expect((await shown(driver, booking)).provider_notes).toBeNull();
  const stranger = await signUp('driveway', { roles: ['driver'] });
  expect((await stranger.patch(path, { notes: 'x' })).status).toBe(404);
});

test.each(['decline', 'complete', 'no-show'])('nobody else takes the step %s', async name => {
  const booking = await running();
  const stranger = await signUp('driveway', { roles: ['driver', 'host'] });
  const foreigner = await signUp('recovery', { roles: ['customer'] });
  expect((await step(stranger, booking, name)).status).toBe(404);
  expect((await step(foreigner, booking, name)).status).toBe(404);
  expect((await anonymous('driveway').post(`/api/v1/bookings/${booking.id}/${name}`)).status).toBe(401);
  expect((await step(driver, { id: randomUUID() }, name)).status).toBe(404);
  expect((await shown(driver, booking)).status).toBe('active');
});

test.each([
  ['complete', () => running()],
  ['decline', () => placed(driver, host, { instant: false })],
])('a repeated idempotency key takes the step %s once', async (name, make) => {
  const booking = await make();
  const headers = { 'idempotency-key': randomUUID() };
  const path = `/api/v1/bookings/${booking.id}/${name}`;
  const person = name === 'complete' ? driver : host;
  const first = await person.post(path, {}, { headers });
  expect(first.status).toBe(200);
  expect((await person.post(path, {}, { headers })).body).toEqual(first.body);
  expect((await shown(person, booking)).timeline).toHaveLength(name === 'complete' ? 3 : 2);
});
