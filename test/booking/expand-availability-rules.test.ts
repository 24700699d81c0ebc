import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { runSchedule } from '../support/invoke.ts';
import { type Person, signUp } from '../support/people.ts';
import { at, nextWeekday, plusDays, resourceOf, ruled, whyClosed } from './resources.ts';

let host: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
});

const monday = nextWeekday(1);
const DAY = 86_400;
const expand = () => runSchedule('expand-availability-rules', { marketplace: 'driveway' });
const rule = (type: string, recurrence_rule: string | null = 'FREQ=WEEKLY;BYDAY=MO') => ({
  availability_type: type,
  start_time: `${monday}T09:00`,
  end_time: `${monday}T18:00`,
  recurrence_rule,
});
const timesOf = (id: string) =>
  asOwner(sql`select starts_at, ends_at from booking.rule_times where rule_id = ${id}::uuid order by 1`);
const reachOf = async (id: string): Promise<string> =>
  (await asOwner(sql`select expanded_until from booking.availability_rules where id = ${id}::uuid`))[0]
    .expanded_until;

test('a rule is known for the horizon and a month more, and is not touched before', async () => {
  const resource = await resourceOf(host);
  const { id } = await ruled(host, resource, rule('available'));
  const times = await timesOf(id);
  expect(times.length).toBeGreaterThanOrEqual(Math.floor(400 / 7));
  const reach = await reachOf(id);
  expect((Date.parse(reach) - Date.now()) / 86_400_000).toBeCloseTo(400, 0);
  await expand();
  expect(await reachOf(id)).toBe(reach);
});

test('as the horizon moves, rules are carried on, and what is over is let go', async () => {
  const resource = await resourceOf(host);
  const hours = await ruled(host, resource, rule('available', 'FREQ=DAILY'));
  const block = await ruled(host, resource, rule('blocked'));
  const before = await timesOf(block.id);
  advanceClock(60 * DAY);
  const far = plusDays(monday, 7 * 58);
  expect(await whyClosed(resource, at(far, '10:00'), at(far, '11:00'))).toBe('closed');
  await expand();
  expect(await whyClosed(resource, at(far, '10:00'), at(far, '11:00'))).toBe('blocked');
  const next = plusDays(far, 1);
  expect(await whyClosed(resource, at(next, '10:00'), at(next, '11:00'))).toBeNull();
  const after = await timesOf(block.id);
  const running = before.filter(({ ends_at }) => Date.parse(ends_at) > Date.now());
  expect(running.length).toBeGreaterThan(40);
  expect(after.slice(0, running.length)).toEqual(running);
  expect(after.length).toBeGreaterThan(running.length);
  expect(await reachOf(hours.id)).toBe(await reachOf(block.id));
  const [{ past }] = await asOwner(
    sql`select count(*)::integer as past from booking.reservations
        where resource_id = ${resource}::uuid and upper(during) < ${new Date().toISOString()}::timestamptz`,
  );
  expect(past).toBe(0);
});

test('a second run changes nothing', async () => {
  const resource = await resourceOf(host);
  const { id } = await ruled(host, resource, rule('blocked'));
  advanceClock(40 * DAY);
  await expand();
  const state = () =>
    asOwner(
      sql`select b.id, b.during from booking.reservations b where b.resource_id = ${resource}::uuid order by b.during`,
    );
  const [times, blocks] = [await timesOf(id), await state()];
  await Promise.all([expand(), expand()]);
  expect(await timesOf(id)).toEqual(times);
  expect(await state()).toEqual(blocks);
});

test('where it did not run, nothing is booked into what a rule has not said yet', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, rule('blocked'));
  advanceClock(60 * DAY);
  const far = plusDays(monday, 7 * 58 + 1);
  expect(await whyClosed(resource, at(far, '10:00'), at(far, '11:00'))).toBe('closed');
  const near = plusDays(monday, 7 * 50 + 1);
  expect(await whyClosed(resource, at(near, '10:00'), at(near, '11:00'))).toBeNull();
});

test('a rule that was written anew in between is left as it is', async () => {
  const resource = await resourceOf(host);
  const { id, version } = await ruled(host, resource, rule('blocked'));
  const [{ rules }] = await asOwner(
    sql`select booking.extend_rules(${[{ id, version: version + 1, times: [], expanded_until: 'infinity' }]}::jsonb) as rules
        from (select set_config('app.marketplace', 'driveway', true) offset 0) as context`,
  );
  expect(rules).toBe(0);
  expect(await reachOf(id)).not.toBe('infinity');
});

test('a rule that has ended never comes up again', async () => {
  const resource = await resourceOf(host);
  const ended = await ruled(host, resource, rule('blocked', 'FREQ=WEEKLY;BYDAY=MO;COUNT=3'));
  const once = await ruled(host, resource, {
    ...rule('blocked', null),
    start_time: `${monday}T19:00`,
    end_time: `${monday}T20:00`,
  });
  expect(await timesOf(ended.id)).toHaveLength(3);
  expect([await reachOf(ended.id), await reachOf(once.id)]).toEqual(['infinity', 'infinity']);
  // Without an end of what it knows, it is open as far as anything is booked.
  const far = plusDays(monday, 350);
  expect(await whyClosed(resource, at(far, '10:00'), at(far, '11:00'))).toBeNull();
});
