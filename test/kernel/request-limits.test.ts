import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { Client } from '../support/client.ts';
import { advanceClock } from '../support/clock.ts';
import { asOwner } from '../support/database.ts';
import { type Person, signUpWithPassword } from '../support/people.ts';

const ME = '/api/v1/users/me';
const host = () => signUpWithPassword('driveway', { roles: ['host'] });
const change = (who: Client) => who.put(ME, { gender: 'female' });

/** As if somebody had used up what one person may change in an hour, but for some changes. */
const useUp = ({ id }: Person, left = 0) =>
  asOwner(
    sql`insert into app.rate_limits (bucket, full_at)
        values ('changes:' || ${id}::text, ${new Date().toISOString()}::timestamptz + interval '1 hour' - ${left}::integer * interval '1 hour' / 10000)
        on conflict (bucket) do update set full_at = excluded.full_at returning bucket`,
  );
const drawn = async ({ id }: Person) => {
  const [row] = await asOwner(
    sql`select round(extract(epoch from full_at - ${new Date().toISOString()}::timestamptz) / 0.36)::integer as changes from app.rate_limits
        where bucket = 'changes:' || ${id}::text`,
  );
  return row?.changes ?? 0;
};

test('whoever has changed too much in an hour waits, by session and by token; others and reading go on', async () => {
  const [person, bystander] = [await host(), await host()];
  const { body } = await person.post(`${ME}/tokens`, {
    name: 'script',
    abilities: ['*'],
    password: person.password,
  });
  const script = new Client('driveway', body.token);
  advanceClock(0);
  await useUp(person);
  for (const client of [person, script]) {
    expect(await change(client)).toMatchObject({ status: 429, body: { code: 'too_many_requests' } });
    expect((await client.get(ME)).status).toBe(200);
  }
  expect((await change(bystander)).status).toBe(200);
  advanceClock(1);
  expect((await change(person)).status).toBe(200);
});

test('each change counts once a trip, a refused one too, and what nobody may does not', async () => {
  const [person, stranger] = [await host(), await host()];
  advanceClock(0);
  await useUp(person, 10_000);
  await change(person);
  expect(await drawn(person)).toBe(1);
  const refused = await person.put(ME, { profile_photo_id: crypto.randomUUID() });
  expect(refused.status).toBe(422);
  expect(await drawn(person)).toBe(2);
  await person.get(ME);
  const forged = `vct_${Buffer.from(person.id.replaceAll('-', ''), 'hex').toString('base64url')}${'x'.repeat(64)}`;
  expect((await change(new Client('driveway', forged))).status).toBe(401);
  expect((await person.post(`/api/v1/admin/users/${stranger.id}/ban`, { reason: 'x' })).status).toBe(403);
  expect(await drawn(person)).toBe(2);
});

test('the last of them gets through, and the next comes back when one is due again', async () => {
  const person = await host();
  advanceClock(0);
  await useUp(person, 2);
  const statuses: number[] = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await change(person)).status);
  expect(statuses).toEqual([200, 200, 429]);
  advanceClock(0.4);
  expect((await change(person)).status).toBe(200);
});
