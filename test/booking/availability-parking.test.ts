import { beforeAll, expect, test } from 'vitest';
import { book, booked, listed } from '../parking/spaces.ts';
import { anonymous } from '../support/client.ts';
import { type Person, signUp } from '../support/people.ts';
import { at, nextWeekday, plusDays, ruled, rulesOf } from './resources.ts';

/** A parking space as its module keeps it: what its hours come to for search, quote and booking. */

let host: Person;
let driver: Person;
beforeAll(async () => {
  host = await signUp('driveway', { roles: ['host'] });
  driver = await signUp('driveway', { roles: ['driver'] });
});

type Space = { id: string; location: { latitude: number; longitude: number } };
// A day later where it would be tomorrow: some spaces ask for notice.
const monday = plusDays(nextWeekday(1), 7);
const found = async ({ id, location }: Space, from: string, to: string): Promise<boolean> => {
  const { latitude, longitude } = location;
  const where = `latitude=${latitude}&longitude=${longitude}&radius_m=50`;
  const answer = await anonymous('driveway').get(`/api/v1/parking/spaces?${where}&from=${from}&to=${to}`);
  return answer.body.items.some((item: Space) => item.id === id);
};
const weekly = (type: string, from: string, to: string) => ({
  availability_type: type,
  start_time: from,
  end_time: to,
  recurrence_rule: 'FREQ=WEEKLY;BYDAY=MO',
});

test('a weekly blocked Monday refuses bookings on the next three Mondays and takes them on Tuesdays', async () => {
  const space = await listed(host);
  await ruled(host, space.id, weekly('blocked', `${monday}T00:00`, `${plusDays(monday, 1)}T00:00`));
  for (const weeks of [0, 7, 14]) {
    const [day, next] = [plusDays(monday, weeks), plusDays(monday, weeks + 1)];
    const refused = await book(driver, space, at(day, '10:00'), at(day, '12:00'));
    expect([refused.status, refused.body.code]).toEqual([409, 'blocked']);
    expect(await found(space, at(day, '10:00'), at(day, '12:00'))).toBe(false);
    expect(await found(space, at(next, '10:00'), at(next, '12:00'))).toBe(true);
    expect((await book(driver, space, at(next, '10:00'), at(next, '12:00'))).status).toBe(201);
  }
});

test('a blocked time cannot be booked, and the times on both sides of it can', async () => {
  const space = await listed(host);
  const block = { availability_type: 'blocked', start_time: `${monday}T12:00`, end_time: `${monday}T14:00` };
  await ruled(host, space.id, block);
  expect((await book(driver, space, at(monday, '13:00'), at(monday, '14:00'))).body.code).toBe('blocked');
  expect((await book(driver, space, at(monday, '10:00'), at(monday, '12:00'))).status).toBe(201);
  expect((await book(driver, space, at(monday, '14:00'), at(monday, '15:00'))).status).toBe(201);
});

test('a booking is not blocked away, and its time is free to block once it is cancelled', async () => {
  const space = await listed(host);
  const { id } = await booked(driver, space, at(monday, '12:00'), at(monday, '14:00'));
  const rule = weekly('blocked', `${monday}T09:00`, `${monday}T18:00`);
  expect((await host.post(rulesOf(space.id), rule)).body.code).toBe('time_booked');
  expect((await driver.post(`/api/v1/bookings/${id}/cancel`)).status).toBe(200);
  expect((await host.post(rulesOf(space.id), rule)).status).toBe(201);
});

test('outside of its hours a space is neither found nor booked', async () => {
  const space = await listed(host);
  await ruled(host, space.id, weekly('available', `${monday}T09:00`, `${monday}T18:00`));
  expect(await found(space, at(monday, '09:00'), at(monday, '18:00'))).toBe(true);
  expect(await found(space, at(monday, '17:00'), at(monday, '19:00'))).toBe(false);
  const refused = await book(driver, space, at(monday, '17:00'), at(monday, '19:00'));
  expect([refused.status, refused.body.code]).toEqual([409, 'closed']);
  expect((await book(driver, space, at(monday, '09:00'), at(monday, '18:00'))).status).toBe(201);
});

test('of a block and ten drivers who race for one time, one side gets it', async () => {
  const space = await listed(host);
  const rule = { availability_type: 'blocked', start_time: `${monday}T10:00`, end_time: `${monday}T12:00` };
  const [block, ...answers] = await Promise.all([
    host.post(rulesOf(space.id), rule),
    ...Array.from({ length: 10 }, () => book(driver, space, at(monday, '11:00'), at(monday, '13:00'))),
  ]);
  const won = answers.filter(({ status }) => status === 201).length;
  expect([block.status, won]).toEqual(block.status === 201 ? [201, 0] : [409, 1]);
});
