import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUpStaff, signUpWithPassword } from '../support/people.ts';
import { countTrips } from './accounts.ts';

const ME = '/api/v1/users/me';
const host = () => signUpWithPassword('driveway', { roles: ['host'] });

/** When somebody was last seen, and the version of the row: a write makes a new one. */
async function seen({ id }: Person): Promise<{ at: number; version: string }> {
  const [row] = await asOwner(
    sql`select last_active_at, xmin::text as version from identity.users where id = ${id}::uuid`,
  );
  return { at: Date.parse(row.last_active_at), version: row.version };
}

test('somebody who only reads is noted too, once in five minutes, at no further trip', async () => {
  const [person, bystander] = [await host(), await host()];
  const [begun, other] = [await seen(person), await seen(bystander)];
  const now = advanceClock(299);
  expect(await countTrips(() => person.get(ME))).toEqual([1]);
  expect(await seen(person)).toEqual(begun);
  const later = advanceClock(2);
  expect(await countTrips(() => person.get(`${ME}/sessions`))).toEqual([1]);
  const noted = await seen(person);
  expect(noted.at).toBe(later.getTime());
  expect(noted.at).toBeGreaterThan(now.getTime());
  await Promise.all([person.get(ME), person.get(ME), person.get(ME)]);
  expect(await seen(person)).toEqual(noted);
  expect(await seen(bystander)).toEqual(other);
});

test('what somebody writes moves it as well, and no sooner', async () => {
  const person = await host();
  const begun = await seen(person);
  advanceClock(4 * 60);
  await person.put(ME, { gender: 'female' });
  expect((await seen(person)).at).toBe(begun.at);
  const later = advanceClock(2 * 60);
  await person.put(ME, { gender: 'male' });
  expect((await seen(person)).at).toBe(later.getTime());
});

test('many reads at once write once', async () => {
  const person = await host();
  advanceClock(301);
  const answers = await Promise.all(Array.from({ length: 8 }, () => person.get(ME)));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  const [row] = await asOwner(sql`select last_active_at from identity.users where id = ${person.id}::uuid`);
  expect(Date.parse(row.last_active_at)).toBe(Date.now());
});

test('a personal token counts as its owner; a refused request and staff with the person’s eyes do not', async () => {
  const [person, staff] = [await host(), await signUpStaff('driveway', 'support')];
  const { body } = await person.post(`${ME}/tokens`, {
    name: 'script',
    abilities: ['read'],
    password: person.password,
  });
  const { body: look } = await staff.post(`/api/v1/admin/users/${person.id}/impersonate`, { reason: 'x' });
  const begun = await seen(person);
  advanceClock(400);
  expect((await new Client('driveway', look.access_token).get(ME)).status).toBe(200);
  expect((await person.get('/api/v1/admin/users')).status).toBe(403);
  expect(await seen(person)).toEqual(begun);
  expect((await new Client('driveway', body.token).get(ME)).status).toBe(200);
  expect((await seen(person)).at).toBe(Date.now());
});
