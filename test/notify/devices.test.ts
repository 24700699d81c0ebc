import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { sql } from '../../lambdas/kernel/sql.ts';
import { countTrips } from '../identity/accounts.ts';
import { anonymous } from '../support/client.ts';
import { failNext, messagesTo } from '../support/control-aws.ts';
import { asOwner } from '../support/database.ts';
import { signUp } from '../support/people.ts';
import { consume, queued } from './notices.ts';

const DEVICES = '/api/v1/users/me/devices';
const newPerson = () => signUp('spacall', { roles: ['customer'] });
const android = () => ({ platform: 'android', token: randomUUID() });

const endpointOf = async (deviceId: string): Promise<string> =>
  (await asOwner(sql`select endpoint_arn from notify.devices where id = ${deviceId}::uuid`))[0].endpoint_arn;

test('a device that is registered is listed, receives push messages, and is forgotten', async () => {
  const person = await newPerson();
  const { status, body } = await person.post(DEVICES, android());
  expect([status, body.platform]).toEqual([201, 'android']);
  expect((await person.get(DEVICES)).body).toEqual({ items: [body], next_cursor: null });
  const endpoint = await endpointOf(body.id);
  expect(endpoint).toContain(':endpoint/GCM/vicinity-android/');
  expect(await consume('push', await queued(person.id, 'push', 'spacall'))).toBe(0);
  expect(await messagesTo(endpoint)).toHaveLength(1);
  expect((await person.delete(`${DEVICES}/${body.id}`)).status).toBe(204);
  expect((await person.get(DEVICES)).body.items).toEqual([]);
  expect(await person.delete(`${DEVICES}/${body.id}`)).toMatchObject({ status: 404 });
});

test('an iPhone is registered with APNs, under a token of APNs only', async () => {
  const person = await newPerson();
  const token = randomBytes(32).toString('hex');
  const { body } = await person.post(DEVICES, { platform: 'ios', token });
  expect(await endpointOf(body.id)).toContain(':endpoint/APNS/vicinity-ios/');
  expect(await person.post(DEVICES, { platform: 'ios', token: 'not-a-token' })).toMatchObject({
    status: 422,
    body: { code: 'invalid_device_token', errors: [{ field: 'token' }] },
  });
});

test('the same token stays one device, even at once, and serves again after it was disabled', async () => {
  const person = await newPerson();
  const device = android();
  const answers = await Promise.all([1, 2, 3].map(() => person.post(DEVICES, device)));
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  await asOwner(
    sql`update notify.devices set disabled_at = app.now() where user_id = ${person.id}::uuid returning id`,
  );
  expect((await person.get(DEVICES)).body.items).toEqual([]);
  await person.post(DEVICES, device);
  expect((await person.get(DEVICES)).body.items).toHaveLength(1);
});

test('a device that another person signs in on is theirs from then on', async () => {
  const [before, after] = [await newPerson(), await newPerson()];
  const device = android();
  await before.post(DEVICES, device);
  await after.post(DEVICES, device);
  expect((await before.get(DEVICES)).body.items).toEqual([]);
  expect((await after.get(DEVICES)).body.items).toHaveLength(1);
});

test('of more than twenty devices the oldest go', async () => {
  const person = await newPerson();
  await asOwner(
    sql`with made as (
          insert into notify.devices (marketplace, user_id, platform, endpoint_arn, updated_at)
          select 'spacall', ${person.id}::uuid, 'web', ${person.id}::text || n, app.now() - interval '1 day' * n
          from generate_series(1, 20) as n returning 1)
        select count(*) from made`,
  );
  await person.post(DEVICES, android());
  const { items } = (await person.get(DEVICES)).body;
  expect(items).toHaveLength(20);
  const [oldest] = await asOwner(
    sql`select count(*)::integer as held from notify.devices where endpoint_arn = ${`${person.id}20`}::text`,
  );
  expect(oldest.held).toBe(0);
});

test('a removal that SNS refuses can be made again', async () => {
  const person = await newPerson();
  const { body } = await person.post(DEVICES, android());
  await failNext('sns:DeleteEndpoint', 'AuthorizationError');
  expect((await person.delete(`${DEVICES}/${body.id}`)).status).toBe(500);
  expect((await person.delete(`${DEVICES}/${body.id}`)).status).toBe(204);
});

test('nobody else sees or removes a device', async () => {
  const person = await newPerson();
  const { body } = await person.post(DEVICES, android());
  const elsewhere = await signUp('handie', { roles: ['customer'] });
  for (const somebody of [await newPerson(), elsewhere]) {
    expect((await somebody.get(DEVICES)).body.items).toEqual([]);
    expect(await somebody.delete(`${DEVICES}/${body.id}`)).toMatchObject({ status: 404 });
  }
  expect(await anonymous('spacall').get(DEVICES)).toMatchObject({ status: 401 });
  expect((await person.get(DEVICES)).body.items).toHaveLength(1);
});

test('registering and listing cost one trip, removing two', async () => {
  const person = await newPerson();
  const { body } = await person.post(DEVICES, android());
  expect(await countTrips(() => person.post(DEVICES, android()))).toEqual([1]);
  expect(await countTrips(() => person.get(DEVICES))).toEqual([1]);
  expect(await countTrips(() => person.delete(`${DEVICES}/${body.id}`))).toEqual([2]);
});
