import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import { nextWeekday, plusDays, resourceOf, rulesOf } from './resources.ts';

let host: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
});

const monday = nextWeekday(1);
const weekly = (type: string, changes: Record<string, unknown> = {}) => ({
  availability_type: type,
  start_time: `${monday}T09:00`,
  end_time: `${monday}T18:00`,
  recurrence_rule: 'FREQ=WEEKLY;BYDAY=MO',
  ...changes,
});

test.each([
  ['ends_before_start', 422, { end_time: `${monday}T09:00` }],
  ['window_too_long', 422, { end_time: `${plusDays(monday, 367)}T09:01` }],
  ['recurrence_not_supported', 422, { recurrence_rule: 'FREQ=SECONDLY' }],
  ['recurrence_not_supported', 422, { recurrence_rule: 'FREQ=DAILY;BYMINUTE=1,2,3,4,5' }],
  ['recurrence_not_supported', 422, { recurrence_rule: 'whenever' }],
  ['never_applies', 422, { recurrence_rule: 'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30' }],
  ['never_applies', 422, { recurrence_rule: 'FREQ=DAILY;UNTIL=20200101' }],
  [
    'never_applies',
    422,
    { start_time: '2026-01-05T09:00', end_time: '2026-01-05T10:00', recurrence_rule: null },
  ],
  ['start_out_of_range', 422, { start_time: '1990-01-01T09:00', end_time: '1990-01-01T10:00' }],
  ['start_out_of_range', 422, { start_time: '2090-01-01T09:00', end_time: '2090-01-01T10:00' }],
  ['invalid_input', 400, { availability_type: 'open' }],
  ['invalid_input', 400, { start_time: `${monday}T09:00Z` }],
  ['invalid_input', 400, { start_time: '2027-02-30T09:00' }],
  ['invalid_input', 400, { start_time: '2027-02-28T25:00' }],
  ['invalid_input', 400, { recurrence_rule: `FREQ=DAILY;${'BYDAY=MO;'.repeat(60)}` }],
  ['invalid_input', 400, { except_dates: ['2027-02-30'] }],
  ['invalid_input', 400, { except_dates: ['0000-01-01'] }],
  ['invalid_input', 400, { except_dates: Array.from({ length: 101 }, () => '2027-02-01') }],
])('%s (%i) of %j', async (code, status, change) => {
  const resource = await resourceOf(host);
  const answer = await host.post(rulesOf(resource), weekly('available', change));
  expect(answer.status, answer.text).toBe(status);
  expect(answer.body.code).toBe(code);
  expect((await host.get(rulesOf(resource))).body.items).toEqual([]);
});

test('a resource has fifty rules and no more', async () => {
  const resource = await resourceOf(host);
  await asOwner(
    sql`insert into booking.availability_rules (resource_id, marketplace, owner_id, availability_type, start_time, end_time,
          expanded_until)
        select ${resource}::uuid, 'driveway', ${host.id}::uuid, 'available', '2027-01-01', '2027-01-02', 'infinity'
        from generate_series(1, 49) returning id`,
  );
  expect((await host.post(rulesOf(resource), weekly('available'))).status).toBe(201);
  expect((await host.post(rulesOf(resource), weekly('available'))).body.code).toBe('too_many_rules');
});

test('so many units are not blocked every day', async () => {
  const resource = await resourceOf(host, { capacity: 500 });
  const answer = await host.post(rulesOf(resource), weekly('blocked', { recurrence_rule: 'FREQ=DAILY' }));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('too_many_blocks');
});
