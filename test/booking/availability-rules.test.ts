import { randomUUID } from 'node:crypto';
import { beforeAll, expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUp } from '../support/people.ts';
import {
  at,
  dayIn,
  nextWeekday,
  plusDays,
  reserve,
  resourceOf,
  ruled,
  rulesOf,
  whyClosed,
  within,
} from './resources.ts';

let host: Person;
let stranger: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  stranger = await signUp('driveway', { roles: ['host'] });
});

const monday = nextWeekday(1);
const tuesday = plusDays(monday, 1);
const weekly = (type: string, changes: Record<string, unknown> = {}) => ({
  availability_type: type,
  start_time: `${monday}T09:00`,
  end_time: `${monday}T18:00`,
  recurrence_rule: 'FREQ=WEEKLY;BYDAY=MO',
  ...changes,
});
const once = (type: string, day: string, from: string, to: string) => ({
  availability_type: type,
  start_time: `${day}T${from}`,
  end_time: `${day}T${to}`,
});
const blocksOf = (resource: string) =>
  asOwner(
    sql`select unit, during from booking.reservations where resource_id = ${resource}::uuid and kind = 'block' order by 1, 2`,
  );

test('a rule is stored as it was written and given back as a row', async () => {
  const resource = await resourceOf(host);
  const answer = await host.post(rulesOf(resource), {
    ...weekly('available', { except_dates: [plusDays(monday, 7)], notes: 'Not on holidays.' }),
    recurrence_rule: 'rrule:freq=weekly;byday=mo,tu',
  });
  expect(answer.status, answer.text).toBe(201);
  expect(answer.body).toMatchObject({
    resource_id: resource,
    availability_type: 'available',
    start_time: `${monday}T09:00:00`,
    end_time: `${monday}T18:00:00`,
    is_recurring: true,
    recurrence_rule: 'FREQ=WEEKLY;BYDAY=MO,TU',
    except_dates: [plusDays(monday, 7)],
    notes: 'Not on holidays.',
    version: 1,
  });
  const listed = await host.get(rulesOf(resource));
  expect(listed.body).toEqual({ items: [answer.body], next_cursor: null });
});

test('without rules it is always open; with hours only in them, in all of them', async () => {
  const resource = await resourceOf(host);
  expect(await whyClosed(resource, at(monday, '05:00'), at(monday, '23:00'))).toBeNull();
  await ruled(host, resource, weekly('available'));
  expect(await whyClosed(resource, at(monday, '09:00'), at(monday, '18:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '08:59'), at(monday, '18:00'))).toBe('closed');
  expect(await whyClosed(resource, at(monday, '09:00'), at(monday, '18:01'))).toBe('closed');
  expect(await whyClosed(resource, at(tuesday, '10:00'), at(tuesday, '11:00'))).toBe('closed');
  await ruled(host, resource, once('available', tuesday, '09:00', '12:00'));
  expect(await whyClosed(resource, at(tuesday, '10:00'), at(tuesday, '11:00'))).toBeNull();
});

test('hours that touch are one: a booking may run over midnight', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, once('available', monday, '09:00', '20:00'));
  await ruled(host, resource, {
    ...once('available', monday, '20:00', '23:00'),
    end_time: `${tuesday}T06:00`,
  });
  expect(await whyClosed(resource, at(monday, '18:00'), at(tuesday, '05:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '18:00'), at(tuesday, '07:00'))).toBe('closed');
});

test('a weekly blocked Monday takes the next three Mondays and leaves the Tuesdays', async () => {
  const resource = await resourceOf(host);
  await ruled(
    host,
    resource,
    weekly('blocked', { start_time: `${monday}T00:00`, end_time: `${tuesday}T00:00` }),
  );
  for (const weeks of [0, 7, 14]) {
    const [day, next] = [plusDays(monday, weeks), plusDays(tuesday, weeks)];
    expect(await whyClosed(resource, at(day, '10:00'), at(day, '11:00'))).toBe('blocked');
    expect(await reserve(resource, 1, at(day, '10:00'), at(day, '11:00'))).toBeNull();
    expect(await whyClosed(resource, at(next, '10:00'), at(next, '11:00'))).toBeNull();
    expect(await reserve(resource, 1, at(next, '00:00'), at(next, '01:00'))).toBe(1);
  }
});

test('a block wins over hours, and what is beside it can be booked', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, weekly('available'));
  await ruled(host, resource, once('blocked', monday, '12:00', '13:00'));
  expect(await whyClosed(resource, at(monday, '12:30'), at(monday, '12:45'))).toBe('blocked');
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '14:00'))).toBe('blocked');
  expect(await whyClosed(resource, at(monday, '11:00'), at(monday, '12:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '13:00'), at(monday, '14:00'))).toBeNull();
});

test('blocks that overlap stand beside each other, and removing one leaves the other', async () => {
  const resource = await resourceOf(host);
  const first = await ruled(host, resource, once('blocked', monday, '10:00', '14:00'));
  await ruled(host, resource, once('blocked', monday, '12:00', '16:00'));
  expect(await blocksOf(resource)).toHaveLength(1);
  const answer = await host.delete(`${rulesOf(resource)}/${first.id}`);
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual(first);
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '12:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '12:00'), at(monday, '12:30'))).toBe('blocked');
  expect((await host.delete(`${rulesOf(resource)}/${first.id}`)).status).toBe(404);
});

test('removing the last hours opens it again', async () => {
  const resource = await resourceOf(host);
  const rule = await ruled(host, resource, weekly('available'));
  await host.delete(`${rulesOf(resource)}/${rule.id}`);
  expect(await whyClosed(resource, at(tuesday, '10:00'), at(tuesday, '11:00'))).toBeNull();
});

test('a booked time is not blocked, and nothing of the refused rule stays', async () => {
  const resource = await resourceOf(host);
  expect(await reserve(resource, 1, at(monday, '10:00'), at(monday, '11:00'))).toBe(1);
  const answer = await host.post(rulesOf(resource), weekly('blocked'));
  expect(answer.status).toBe(409);
  expect(answer.body.code).toBe('time_booked');
  expect(await blocksOf(resource)).toEqual([]);
  expect((await host.get(rulesOf(resource))).body.items).toEqual([]);
  // Hours may be written over what is booked: it stays.
  await ruled(host, resource, once('available', tuesday, '10:00', '11:00'));
  const beside = await host.post(rulesOf(resource), once('blocked', monday, '11:00', '12:00'));
  expect(beside.status).toBe(201);
});

test('a hold that has run out stands in nobody’s way', async () => {
  const resource = await resourceOf(host);
  await asOwner(
    sql`insert into booking.reservations (marketplace, resource_id, unit, kind, during, expires_at)
        values ('driveway', ${resource}::uuid, 1, 'hold', tstzrange(${at(monday, '10:00')}::timestamptz,
          ${at(monday, '11:00')}::timestamptz), now() - interval '1 minute') returning id`,
  );
  const answer = await host.post(rulesOf(resource), once('blocked', monday, '09:00', '18:00'));
  expect(answer.status, answer.text).toBe(201);
  expect(await blocksOf(resource)).toHaveLength(1);
});

test('of a block and bookings that race for one time, one side gets it', async () => {
  const resource = await resourceOf(host);
  const [block, ...units] = await Promise.all([
    host.post(rulesOf(resource), once('blocked', monday, '10:00', '11:00')),
    ...[1, 2, 3, 4].map(() => reserve(resource, 1, at(monday, '10:00'), at(monday, '11:00'))),
  ]);
  const taken = units.filter(unit => unit !== null).length;
  expect([201, 409]).toContain(block.status);
  expect(taken).toBe(block.status === 201 ? 0 : 1);
  expect(await blocksOf(resource)).toHaveLength(block.status === 201 ? 1 : 0);
});

test('two rules that are written at one moment both hold', async () => {
  const resource = await resourceOf(host);
  await Promise.all([
    ruled(host, resource, once('available', monday, '09:00', '12:00')),
    ruled(host, resource, once('available', monday, '12:00', '15:00')),
    ruled(host, resource, once('blocked', monday, '13:00', '14:00')),
  ]);
  expect(await whyClosed(resource, at(monday, '09:00'), at(monday, '13:00'))).toBeNull();
  expect(await whyClosed(resource, at(monday, '13:00'), at(monday, '14:00'))).toBe('blocked');
});

test('a block takes every unit, and those that are added later', async () => {
  const resource = await resourceOf(host, { capacity: 3 });
  await ruled(host, resource, once('blocked', monday, '10:00', '11:00'));
  expect((await blocksOf(resource)).map(({ unit }) => unit)).toEqual([1, 2, 3]);
  await resourceOf(host, { id: resource, capacity: 5 });
  expect((await blocksOf(resource)).map(({ unit }) => unit)).toEqual([1, 2, 3, 4, 5]);
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:00'))).toBe('blocked');
});

test('a rule is replaced as a whole', async () => {
  const resource = await resourceOf(host);
  const rule = await ruled(host, resource, weekly('blocked', { notes: 'First.' }));
  const answer = await host.put(
    `${rulesOf(resource)}/${rule.id}`,
    once('available', tuesday, '09:00', '10:00'),
  );
  expect(answer.status, answer.text).toBe(200);
  expect(answer.body).toMatchObject({
    id: rule.id,
    is_recurring: false,
    recurrence_rule: null,
    notes: null,
    version: 2,
  });
  expect(await blocksOf(resource)).toEqual([]);
  expect(await whyClosed(resource, at(monday, '10:00'), at(monday, '11:00'))).toBe('closed');
  expect(await whyClosed(resource, at(tuesday, '09:00'), at(tuesday, '10:00'))).toBeNull();
});

test('a repeated Idempotency-Key adds one rule', async () => {
  const resource = await resourceOf(host);
  const headers = { 'idempotency-key': randomUUID() };
  const [first, second] = await Promise.all(
    [1, 2].map(() => host.post(rulesOf(resource), weekly('blocked'), { headers })),
  );
  expect(second?.body).toEqual(first?.body);
  expect((await host.get(rulesOf(resource))).body.items).toHaveLength(1);
});

test('nobody else sees or changes the rules, here or in another marketplace', async () => {
  const resource = await resourceOf(host);
  const rule = await ruled(host, resource, weekly('available'));
  const elsewhere = await signUp('handie', { roles: ['customer'] });
  for (const other of [stranger, elsewhere]) {
    expect((await other.get(rulesOf(resource))).body.code).toBe('not_found');
    expect((await other.post(rulesOf(resource), weekly('blocked'))).status).toBe(404);
    expect((await other.put(`${rulesOf(resource)}/${rule.id}`, weekly('blocked'))).status).toBe(404);
    expect((await other.delete(`${rulesOf(resource)}/${rule.id}`)).status).toBe(404);
  }
  // A rule of one's own is not reached through a resource of one's own that is another.
  const second = await resourceOf(host);
  expect((await host.put(`${rulesOf(second)}/${rule.id}`, weekly('blocked'))).status).toBe(404);
  expect((await host.get(rulesOf(resource))).body.items).toEqual([rule]);
});

test('the table has the documents’ columns and refuses what they refuse', async () => {
  const resource = await resourceOf(host);
  const insert = (type: string, end: string) =>
    asOwner(
      sql`insert into booking.availability_rules (resource_id, marketplace, owner_id, availability_type, start_time, end_time,
            expanded_until)
          values (${resource}::uuid, 'driveway', ${host.id}::uuid, ${type}::text, '2027-01-01', ${end}::timestamp, 'infinity')
          returning is_recurring, recurrence_rule, notes, created_at, updated_at`,
    );
  await expect(insert('open', '2027-01-02')).rejects.toThrow('availability_rules_availability_type_check');
  await expect(insert('blocked', '2027-01-01')).rejects.toThrow('availability_rules_valid_time_range_check');
  for (const type of ['available', 'blocked', 'booked'])
    expect(await insert(type, '2027-01-02')).toMatchObject([{ is_recurring: false, recurrence_rule: null }]);
  const indexes: { indexdef: string }[] = await asOwner(
    sql`select indexdef from pg_indexes where schemaname = 'booking' and tablename = 'availability_rules'`,
  );
  const leads = (columns: string) => indexes.some(({ indexdef }) => indexdef.includes(`(${columns}`));
  expect(leads('resource_id, start_time, end_time')).toBe(true);
  expect(leads('availability_type')).toBe(true);
});

test('a resource goes with its rules, hours and blocks', async () => {
  const resource = await resourceOf(host);
  await ruled(host, resource, weekly('available'));
  await ruled(host, resource, once('blocked', monday, '10:00', '11:00'));
  const beside = await resourceOf(host);
  await ruled(host, beside, once('blocked', monday, '10:00', '11:00'));
  await within('driveway', 'booking.drop_resource(($1->>0)::uuid)', [resource]);
  expect(await blocksOf(resource)).toEqual([]);
  expect((await host.get(rulesOf(resource))).status).toBe(404);
  expect(await blocksOf(beside)).toHaveLength(1);
});

test('a resource with rules stays in its zone', async () => {
  const resource = await resourceOf(host);
  await resourceOf(host, { id: resource, time_zone: 'America/New_York' });
  await ruled(host, resource, once('blocked', dayIn(3), '10:00', '11:00'));
  await expect(resourceOf(host, { id: resource, time_zone: 'Asia/Kolkata' })).rejects.toThrow(
    'time_zone_in_use',
  );
});
